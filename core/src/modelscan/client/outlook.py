"""The outlook of a client: what a call would take, and how the limits of its accounts stand. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any

import attrs

from modelscan.accounting.budgets import Drawn, shown_key
from modelscan.client.admission import Metering
from modelscan.client.affording import usage_of
from modelscan.client.endpoints import Endpoint
from modelscan.client.tickets import UNPRICED, AttemptTicket
from modelscan.contracts.limiter import Demand, Standing
from modelscan.contracts.policies import Call
from modelscan.errors import LimitError
from modelscan.limits.metering import Metered
from modelscan.limits.refusals import described
from modelscan.types.accounts import Account
from modelscan.types.context import CallContext
from modelscan.types.money import Cost
from modelscan.types.standing import CallEstimate, LimitStatus


async def estimated(metering: Metering, endpoint: Endpoint, call: Call, asked: Any) -> CallEstimate:
    """What a call of the endpoint would take."""
    terms = await metering.knowledge.terms(endpoint, call.capability, call.context)
    amounts = metering.estimated(asked, terms)
    now = datetime.now(UTC)
    most = Cost(certainty="bound", note="no price is known for this model")
    priced = terms.priced(call, asked)
    if priced is not None:
        bounds = dict(metering.bounds(endpoint, asked, terms))
        if bounds.get("output_tokens", 0) is None and terms.most_output is not None:
            bounds["output_tokens"] = terms.most_output * (getattr(asked, "choices", None) or 1)
        most = priced.most.cost(bounds, now)
    try:
        ticket = await metering.prepared(endpoint, call, asked)
        ticket.released()
        if (
            isinstance(ticket, AttemptTicket) and ticket.note and priced is not None
        ):  # its answer was made as short as the budgets afford
            most = priced.most.cost(ticket.bounds, now)
        demand = Demand(
            account=endpoint.account_key,
            model=endpoint.target.model,
            claims=ticket.claims,
            gates=terms.gates,
            tenant=call.context.principal,
            priority=call.context.priority,
        )
        wait_s = await metering.limiter.wait_time(demand)
    except LimitError:
        wait_s = inf
    return CallEstimate(
        provider=endpoint.candidate.provider,
        model=endpoint.target.model,
        account=endpoint.candidate.account.name,
        amounts=dict(amounts),
        cost=UNPRICED if priced is None else priced.prices.cost(usage_of(amounts), now, "estimated"),
        most=most,
        wait_s=wait_s,
    )


@attrs.frozen
class _Row:
    """A quota to be told of, with what is known beside it."""

    account: Account
    metered: Metered


async def standing_of(
    metering: Metering, accounts: Sequence[Account], provider: str | None, context: CallContext
) -> tuple[LimitStatus, ...]:
    """How every limit of these accounts, and of those called, stands; then every budget that a call here draws on."""
    rows = {row.metered.quota.key: row for row in _rows(metering, accounts, provider)}
    drawn = metering.book.drawn(context)[0]
    await metering.count_spent(drawn)
    quotas = [*(row.metered.quota for row in rows.values()), *(each.quota for each in drawn)]
    told = await metering.limiter.standing(quotas)
    limits = [_of_limit(row, found) for row, found in zip(rows.values(), told, strict=False)]
    return (*limits, *(_of_budget(each, found) for each, found in zip(drawn, told[len(rows) :], strict=True)))


def _rows(metering: Metering, accounts: Sequence[Account], provider: str | None) -> Iterator[_Row]:
    """What is known of the accounts, and after it what the calls that were made are held to: of one key that counts."""
    for account in accounts:
        for metered in (*metering.knowledge.of_plan(account), *metering.knowledge.learned_of(account)):
            yield _Row(account, metered)
    for terms in metering.knowledge.called():
        if provider in (None, terms.subject.account.provider):
            for metered in terms.metered:
                yield _Row(terms.subject.account, metered)


def _of_limit(row: _Row, told: Standing) -> LimitStatus:
    quota, fresh = row.metered.quota, row.metered.freshness
    return LimitStatus(
        account=row.account.key,
        limit=described(quota),
        unit=quota.unit,
        kind=quota.kind,
        amount=quota.amount,
        used=told.used,
        reset_s=told.reset_s,
        waiting=told.waiting,
        models=row.metered.models,
        plan=row.account.plan,
        origin=row.metered.origin,
        verified="" if fresh is None or fresh.verified is None else fresh.verified.isoformat(),
        trust="" if fresh is None else fresh.trust,
        source="" if fresh is None else fresh.source_url,
        is_stale=fresh is not None and fresh.is_stale,
    )


def _of_budget(drawn: Drawn, told: Standing) -> LimitStatus:
    quota = drawn.quota
    return LimitStatus(
        account=shown_key(quota),
        limit=described(quota),
        unit=quota.unit,
        kind=quota.kind,
        amount=quota.amount,
        used=told.used,
        reset_s=told.reset_s,
        waiting=told.waiting,
        origin="budget",
    )
