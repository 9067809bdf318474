"""What is known of an endpoint before it is called: the limits of its account's plan, and what a call costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from modelscan.catalog.answers import KnownLimit, KnownModel, PriceList
from modelscan.client.endpoints import Endpoint
from modelscan.client.pricing import Priced, Pricing
from modelscan.contracts.policies import Call
from modelscan.limits.learning import Learned
from modelscan.limits.metering import Metered
from modelscan.limits.planning import Subject, of_plan, planned, tag_names
from modelscan.types.accounts import Account
from modelscan.types.context import CallContext
from modelscan.types.limits import Limit

if TYPE_CHECKING:
    from modelscan.accounting.tariff import Terms as PriceTerms

_FRESH_S: Final = 30.0
_FORGOTTEN: Final = 0.0
_MOST_KEPT: Final = 256  # of an endpoint: where limits are scoped by user, each has terms of his own

_Values = tuple[tuple[str, str], ...]
_Kind = tuple[str, _Values]
"""A capability, and the values of the tags that limits are scoped by."""


class Facts(Protocol):
    """Where facts come from: the catalog, as a client asks it. Each answer is empty or None where nothing is known."""

    def limits(self, provider: str, plan: str, model: str) -> Sequence[KnownLimit]: ...

    def price(self, provider: str, plan: str, model: str) -> PriceList | None: ...

    def model(self, provider: str, model: str) -> KnownModel | None: ...


@attrs.frozen(eq=False)
class EndpointTerms:
    """The terms on which an endpoint's calls of one capability are made.

    `until` is when all of it is looked at again.
    """

    subject: Subject
    metered: tuple[Metered, ...]
    pricing: Pricing | None
    most_input: int | None
    most_output: int | None
    until: float
    by_key: Mapping[str, Metered] = attrs.field(init=False)
    is_estimated: bool = attrs.field(init=False)
    needs_bounds: bool = attrs.field(init=False)

    @by_key.default
    def _by_key(self) -> Mapping[str, Metered]:
        return {metered.quota.key: metered for metered in self.metered}

    @is_estimated.default
    def _is_estimated(self) -> bool:
        return not all(metered.is_each_call for metered in self.metered)

    @needs_bounds.default
    def _needs_bounds(self) -> bool:
        return any(metered.needs_bounds for metered in self.metered)

    def priced(self, call: Call, asked: Any) -> Priced | None:
        """The prices of a call; None where no price is known."""
        return None if self.pricing is None else self.pricing.of(call.capability, asked)

    @property
    def gates(self) -> tuple[str, ...]:
        """What a `retry-after` shuts."""
        return self.subject.gates


class Knowledge:
    """The terms of every endpoint, worked out when it is first called and then from time to time.

    The catalog's limits are for the vendor's own address: where another takes its place they hold only for an account
    whose plan is named. `moved` are the providers to which the client gave another.
    """

    def __init__(
        self,
        facts: Facts,
        given: Mapping[str, Sequence[Limit]],
        learned: Learned,
        shown: PriceTerms,
        budgeted: PriceTerms,
        *,
        holds_catalog: bool = True,
        headroom: float | None = None,
        moved: Collection[str] = (),
    ) -> None:
        self._facts = facts
        self._given = given
        self._learned = learned
        self._shown = shown
        self._budgeted = budgeted
        self._holds_catalog = holds_catalog
        self._headroom = headroom
        self._moved = moved
        self._terms: dict[Endpoint, dict[_Kind, EndpointTerms]] = {}
        self._tags: dict[Endpoint, tuple[str, ...]] = {}
        self._asked: set[str] = set()
        self._asking = asyncio.Lock()

    async def terms(self, endpoint: Endpoint, capability: str, context: CallContext) -> EndpointTerms:
        """The terms of a call. The first question about a provider may read its data: off the event loop."""
        kind = (capability, self._values(endpoint, context))
        terms = self._terms.get(endpoint)
        if terms is None or len(terms) >= _MOST_KEPT:
            terms = self._terms[endpoint] = {}
        found = terms.get(kind)
        if found is not None and found.until > time.monotonic():
            return found
        if endpoint.candidate.provider not in self._asked:
            async with self._asking:  # of a thousand first calls one reads the provider's data
                if endpoint.candidate.provider not in self._asked:
                    terms[kind] = await asyncio.to_thread(self._make, endpoint, kind)
                    self._asked.add(endpoint.candidate.provider)
            return await self.terms(endpoint, capability, context)
        terms[kind] = made = self._make(endpoint, kind)
        return made

    def known(self, endpoint: Endpoint) -> tuple[Metered, ...]:
        """The limits of an endpoint that has been called."""
        terms = self._terms.get(endpoint, {})
        for kind, found in terms.items():
            if found.until == _FORGOTTEN:
                terms[kind] = self._make(endpoint, kind)
        return tuple(metered for found in terms.values() for metered in found.metered)

    def called(self) -> tuple[EndpointTerms, ...]:
        """The terms of all endpoints that have been called."""
        return tuple(found for terms in self._terms.values() for found in terms.values())

    def of_plan(self, account: Account) -> tuple[Metered, ...]:
        """The limits of an account's plan, whatever model they are for. May read the provider's data."""
        given = self._given_for(account)
        if given:
            return planned(Subject(account, ""), given=given)
        is_elsewhere = bool(account.base_urls) or account.provider in self._moved
        if not self._holds_catalog or (is_elsewhere and not account.plan):
            return ()
        known = self._facts.limits(account.provider, account.plan, "")
        return of_plan(account, known, self._headroom)

    def learned_of(self, account: Account) -> tuple[Metered, ...]:
        """The limits that the provider has told this program of, or one before it, for any model of an account."""
        if self._given_for(account):
            return ()
        known = self._learned.everything(time.time())
        learned = [each for each in known if each.account.partition("@")[0] == account.key]
        found = []
        for name in sorted({each.model for each in learned}):
            of_model = [each for each in learned if each.model == name]
            metered = planned(Subject(account, name), learned=of_model, headroom=self._headroom)
            found += [attrs.evolve(each, models=name) for each in metered]
        return tuple(found)

    def forget(self, account_key: str) -> None:
        """Work out an account's terms anew: something was learned."""
        for endpoint, terms in self._terms.items():
            if endpoint.account_key == account_key:
                terms.update({kind: attrs.evolve(found, until=_FORGOTTEN) for kind, found in terms.items()})

    def _given_for(self, account: Account) -> Sequence[Limit]:
        return self._given.get(account.key, ()) or self._given.get(account.provider, ())

    def _values(self, endpoint: Endpoint, context: CallContext) -> _Values:
        """What a call is for, as far as the given limits of its account ask: each value has limits of its own."""
        names = self._tags.get(endpoint)
        if names is None:
            names = self._tags[endpoint] = tag_names(self._given_for(endpoint.candidate.account))
        return tuple((name, context.value_of(name)) for name in names) if names else ()

    def _make(self, endpoint: Endpoint, kind: _Kind) -> EndpointTerms:
        account, name = endpoint.candidate.account, endpoint.target.model
        capability, values = kind
        subject = Subject(account, name, capability)
        given = self._given_for(account)
        known: Sequence[KnownLimit] = ()
        if self._holds_catalog and not given and (account.plan or not endpoint.is_elsewhere):
            known = self._facts.limits(account.provider, account.plan, name)
        listed = self._facts.price(account.provider, account.plan, name)
        model = self._facts.model(account.provider, name)
        metered = planned(
            subject,
            given=given,
            known=known,
            learned=self._learned.limits(endpoint.place, name, time.time()),
            headroom=self._headroom,
            tags=dict(values),
        )
        return EndpointTerms(
            subject=subject,
            metered=metered,
            pricing=None if listed is None else Pricing(listed, self._shown, self._budgeted, account.region),
            most_input=None if model is None else model.model.max_input_tokens,
            most_output=None if model is None else model.model.max_output_tokens,
            until=time.monotonic() + _FRESH_S,
        )
