"""Admission: what an attempt asks of limits and budgets before it is sent, and what its response says of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Protocol

from modelscan.accounting.budgets import Allotment, BudgetBook, Drawn, last_allotment
from modelscan.accounting.estimates import Estimate, Estimator
from modelscan.client.affording import Afforded, Affording
from modelscan.client.endpoints import Endpoint
from modelscan.client.knowledge import EndpointTerms, Knowledge
from modelscan.client.recording import Recorder
from modelscan.client.tickets import AttemptTicket, FreeTicket
from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.contracts.limiter import Claim, Demand, Lease, Limiter
from modelscan.contracts.operations import Tokenizer
from modelscan.contracts.policies import Call
from modelscan.errors import LimitExceededError, ModelScanError, RateLimitError, ServerError
from modelscan.limits.held import HeldLease
from modelscan.limits.learning import Learned, LimitReport, read_limits, read_refusal
from modelscan.limits.planning import is_of
from modelscan.limits.unlimited import Unlimited, UnlimitedLease
from modelscan.plugins import Hooks
from modelscan.types.context import CallContext
from modelscan.types.usage import Usage

_NOTABLE_WAIT_S: Final = 0.001
_GROWN: Final = 1.1  # so much more than was estimated is worth another wait


class Admission(Protocol):
    """How a sender gets a lease for an attempt."""

    async def prepared(self, endpoint: Endpoint, call: Call, asked: Any) -> Any:
        """The ticket of an attempt; its `request` is what to send."""
        ...

    async def carried(self, endpoint: Endpoint, call: Call, asked: Any, claims: tuple[Claim, ...]) -> Any:
        """The ticket of an attempt that has its lease already, with these claims."""
        ...

    async def reserve(self, ticket: Any) -> HeldLease:
        """The lease. Raises `LimitError`."""
        ...

    def attach(self, token: bytes) -> Lease: ...

    def heard(self, endpoint: Endpoint, head: ResponseHead) -> None: ...

    def refused(self, endpoint: Endpoint, response: HttpResponse, error: ModelScanError) -> None: ...


class Unmetered:
    """For what takes no limits of its own: what comes before a call, or after its first request."""

    async def prepared(self, endpoint: Endpoint, call: Call, asked: Any) -> UnmeteredTicket:
        return UnmeteredTicket(asked)

    async def carried(self, endpoint: Endpoint, call: Call, asked: Any, claims: tuple[Claim, ...]) -> UnmeteredTicket:
        return UnmeteredTicket(asked)

    async def reserve(self, ticket: UnmeteredTicket) -> HeldLease:
        return HeldLease(UnlimitedLease(), ticket)

    def attach(self, token: bytes) -> Lease:
        return Unlimited().attach(token)

    def heard(self, endpoint: Endpoint, head: ResponseHead) -> None:
        return None

    def refused(self, endpoint: Endpoint, response: HttpResponse, error: ModelScanError) -> None:
        return None


class UnmeteredTicket(FreeTicket):
    """A ticket that only carries its request."""

    def __init__(self, request: Any) -> None:
        self.request = request


class Metering:
    """Admission over a limiter, with what the catalog, the budgets and earlier replies say."""

    def __init__(
        self,
        limiter: Limiter,
        knowledge: Knowledge,
        estimator: Estimator,
        book: BudgetBook,
        learned: Learned,
        hooks: Hooks,
        *,
        recorder: Recorder,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        self.limiter = limiter
        self.book = book
        self.knowledge = knowledge
        self._estimator = estimator
        self._learned = learned
        self._hooks = hooks
        self._recorder = recorder
        self._tokenizer = tokenizer
        self._affording = Affording(limiter, book)
        self._counted: set[str] = set()
        self._allotting = asyncio.Lock()

    async def prepared(self, endpoint: Endpoint, call: Call, asked: Any) -> AttemptTicket | UnmeteredTicket:
        """The ticket of an attempt.

        Raises `BudgetExceededError` where a hard budget can't afford it, or can't know what it would cost.
        """
        if call.capability in _UNCOUNTED:
            return UnmeteredTicket(asked)
        terms = await self.knowledge.terms(endpoint, call.capability, call.context)
        has_budgets = bool(self.book or call.context.budgets)
        estimates = self.estimated(asked, terms) if has_budgets or terms.is_estimated else None
        drawn, around = await self._drawn(call.context) if has_budgets else ((), ())
        allotment = None
        if drawn and drawn[0].budget.is_allotment:
            allotment = await self._allotment(drawn[0], around)
        at = datetime.now(UTC)
        afforded: Afforded | None = None
        if has_budgets and not terms.needs_bounds:
            afforded = await self._affording.at_ease(call, asked, terms, drawn, at)
        if afforded is None:
            is_bounded = has_budgets or terms.needs_bounds
            bounds = self._affording.bounds(endpoint, asked, terms) if is_bounded else {}
            afforded = Afforded(asked, bounds)
            if has_budgets and estimates is not None:
                afforded = await self._affording.afforded(endpoint, call, asked, terms, estimates, bounds, drawn)
        claims = _claims(terms, estimates or _ONE_CALL, afforded.bounds, endpoint)
        money = tuple([Claim(each.quota, afforded.reserved(each)) for each in drawn])
        if allotment is not None:
            allotment.open += money[0].amount
        return AttemptTicket(
            endpoint=endpoint,
            call=call,
            terms=terms,
            priced=terms.priced(call, asked),
            request=afforded.request,
            estimates=estimates,
            bounds=afforded.bounds,
            claims=claims + money,
            drawn=drawn,
            around=around,
            allotment=allotment,
            note=afforded.note,
            is_fitted=afforded.is_at_ease or bool(afforded.note),
            at=at,
            record=self._ended,
            find_estimates=partial(self.estimated, afforded.request, terms),
            find_bounds=partial(self._affording.bounds, endpoint, afforded.request, terms),
        )

    async def carried(
        self, endpoint: Endpoint, call: Call, asked: Any, claims: tuple[Claim, ...]
    ) -> AttemptTicket | UnmeteredTicket:
        """The ticket of an attempt whose lease comes from elsewhere: what it claims was granted there."""
        if call.capability in _UNCOUNTED:
            return UnmeteredTicket(asked)
        terms = await self.knowledge.terms(endpoint, call.capability, call.context)
        drawn, around = await self._drawn(call.context)
        return AttemptTicket(
            endpoint=endpoint,
            call=call,
            terms=terms,
            priced=terms.priced(call, asked),
            request=asked,
            estimates=None,
            bounds={},
            claims=claims,
            drawn=drawn,
            around=around,
            record=self._ended,
            find_estimates=partial(self.estimated, asked, terms),
            find_bounds=partial(self._affording.bounds, endpoint, asked, terms),
        )

    def estimated(self, asked: Any, terms: EndpointTerms) -> Estimate:
        """What a request will probably take."""
        return self._estimator.estimate(
            asked, terms.subject.model_key, tokenizer=self._tokenizer, max_output_tokens=terms.most_output
        )

    def bounds(self, endpoint: Endpoint, asked: Any, terms: EndpointTerms) -> Mapping[str, int | None]:
        """The most that a request can take."""
        return self._affording.bounds(endpoint, asked, terms)

    async def reserve(self, ticket: AttemptTicket | UnmeteredTicket) -> HeldLease:
        """The lease for a ticket. Raises `LimitExceededError` and `BudgetExceededError`, and tells of a wait."""
        if isinstance(ticket, UnmeteredTicket):
            return HeldLease(UnlimitedLease(), ticket)
        begun = time.monotonic()
        try:
            lease = await self.limiter.reserve(_demand(ticket))
            waited_s = time.monotonic() - begun
            if waited_s > _NOTABLE_WAIT_S and self._has_grown(ticket):
                lease.release()
                lease = await self.limiter.reserve(_demand(ticket))
                waited_s = time.monotonic() - begun
        except BaseException:
            ticket.released()
            if ticket.priced is not None:
                ticket.priced.looks = 0
            raise
        if waited_s > _NOTABLE_WAIT_S and self._hooks.waited:
            self._hooks.has_waited(ticket.call, ticket.endpoint.account_key, waited_s)
        return HeldLease(lease, ticket)

    def _has_grown(self, ticket: AttemptTicket) -> bool:
        """Whether answers that came while the call waited show that it will take more: then it claims that much."""
        if ticket.estimates is None:
            return False
        estimates, metered = self.estimated(ticket.request, ticket.terms), ticket.terms.metered
        limits, money = ticket.claims[: len(metered)], ticket.claims[len(metered) :]
        now = _claims(ticket.terms, estimates, ticket.bounds, ticket.endpoint)
        if all(claim.amount <= had.amount * _GROWN for claim, had in zip(now, limits, strict=True)):
            return False
        ticket.estimates, ticket.claims = estimates, (*now, *money)
        return True

    def attach(self, token: bytes) -> Lease:
        """The lease that another process, or this one, gave a token for."""
        return self.limiter.attach(token)

    # --- What a response says of limits ------------------------------------------------------------------------------

    def heard(self, endpoint: Endpoint, head: ResponseHead) -> None:
        """Note what a response's headers say."""
        reports = read_limits(endpoint.provider.limit_headers, head.headers, head.status, time.time())
        if not reports:
            return
        self._learn(endpoint, reports)
        if head.status < _BAD:
            for report in reports:
                if report.pause_s:
                    self.limiter.pause(_gate(endpoint), report.pause_s)

    def refused(self, endpoint: Endpoint, response: HttpResponse, error: ModelScanError) -> None:
        """Note what a refusal says, and for how long nothing is to be sent."""
        if not isinstance(error, (RateLimitError, ServerError)):
            return
        refusal = read_refusal(error, dialect=endpoint.provider.limit_headers, now_s=time.time())
        self._learn(endpoint, refusal.reports)
        if refusal.is_too_large:  # the same request would be refused however long it waited
            error.retryable = False
        elif refusal.retry_after_s and not refusal.is_quota:
            self.limiter.pause(_gate(endpoint), refusal.retry_after_s)

    def _learn(self, endpoint: Endpoint, reports: Sequence[LimitReport]) -> None:
        account, model = endpoint.account_key, endpoint.target.model
        for report in reports:
            change = self._learned.note(endpoint.place, model, report, time.time())
            if change is not None:
                self.knowledge.forget(account)
                if self._hooks.limit_learned:
                    self._hooks.learned(account, model, change.limit.as_limit())
            if report.remaining is None or report.tier:
                continue
            for metered in self.knowledge.known(endpoint):
                if is_of(metered.quota, report):
                    used = None if metered.origin == "given" else report.used  # a given one is a part of the vendor's
                    taken = metered.quota.amount - report.remaining if used is None else used
                    self.limiter.observe(metered.quota, max(0, taken), report.reset_s)

    # --- Budgets -----------------------------------------------------------------------------------------------------

    async def _drawn(self, context: CallContext) -> tuple[tuple[Drawn, ...], tuple[Drawn, ...]]:
        """The budgets that a call draws on and those around them, each with what was spent before."""
        if not self.book and not context.budgets:
            return (), ()
        drawn, around = self.book.drawn(context)
        await self.count_spent((*around, *drawn))
        return drawn, around

    async def count_spent(self, budgets: Sequence[Drawn]) -> None:
        """Have the limiter know, once for each, what programs before this one have spent of these budgets."""
        for each in budgets:
            if each.is_lasting and each.quota.key not in self._counted:
                spent = await asyncio.to_thread(self._recorder.spent, each)
                if spent and each.quota.key not in self._counted:
                    self.limiter.observe(each.quota, spent, None)
                self._counted.add(each.quota.key)

    async def _allotment(self, budget: Drawn, around: Sequence[Drawn]) -> Allotment:
        """What a context has set aside, taken from the budgets around it by the first call that draws on it."""
        known = self.book.allotments.get(budget.budget.name)
        if known is not None:
            return known
        async with self._allotting:  # of calls that begin together one takes it
            return await self._allotted(budget, around)

    async def _allotted(self, budget: Drawn, around: Sequence[Drawn]) -> Allotment:
        name, amount = budget.budget.name, budget.quota.amount
        known = self.book.allotments.get(name)
        if known is not None:
            return known
        outer, last = None, last_allotment(around)
        if last is not None:  # what lies beyond it has given its whole amount to it
            outer = await self._allotted(around[last], around[:last])
            around = around[last:]
        claims = tuple(Claim(each.quota, amount) for each in around)
        lease = await self.limiter.reserve(Demand(account="", model="", claims=claims, may_wait=False))
        lease.sent()
        lease.arrived()
        made = self.book.allotments[name] = Allotment(lease, len(claims), amount, outer)
        return made

    # --- A ticket's end ----------------------------------------------------------------------------------------------

    def _ended(self, ticket: AttemptTicket, usage: Usage | None) -> None:
        if usage is not None and ticket.estimates is not None and ticket.cost.certainty == "measured":
            self._estimator.learn(ticket.estimates, usage)
        self._recorder.record(ticket, usage)


_BAD: Final = 400
_ONE_CALL: Final = {"requests": 1}
_UNCOUNTED: Final = frozenset({"models", "count_tokens"})
"""What vendors neither bill nor count towards the limits of calls."""


def _demand(ticket: AttemptTicket) -> Demand:
    context, endpoint = ticket.call.context, ticket.endpoint
    return Demand(
        account=endpoint.account_key,
        model=endpoint.target.model,
        claims=ticket.claims,
        gates=ticket.terms.gates,
        tenant=context.principal,
        priority=context.priority,
        deadline=context.deadline,
        may_wait=context.may_wait,
    )


def _gate(endpoint: Endpoint) -> str:
    return f"{endpoint.account_key}/{endpoint.target.model}"


def _claims(
    terms: EndpointTerms, estimates: Mapping[str, int], bounds: Mapping[str, int | None], endpoint: Endpoint
) -> tuple[Claim, ...]:
    claims = []
    for metered in terms.metered:
        if metered.claim is not None:
            claims.append(metered.claim)
            continue
        amount = metered.reservation(estimates, bounds)
        if amount is None:
            raise LimitExceededError(
                f"the strict limit of {metered.quota.unit} can't be held: nobody knows how much the call uses at most",
                provider=endpoint.candidate.provider,
                model=endpoint.target.model,
                advice="Give the call max_output_tokens, or make the limit one that isn't strict.",
            )
        claims.append(Claim(metered.quota, amount))
    return tuple(claims)
