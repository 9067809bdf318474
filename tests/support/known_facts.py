"""Facts that a test makes up in the catalog's place, and endpoints that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import attrs

from modelscan.accounting.tariff import Terms
from modelscan.catalog.answers import Freshness, KnownLimit, KnownModel, PriceList
from modelscan.catalog.format import Model, Prices, PublishedLimit
from modelscan.client.endpoints import Endpoint
from modelscan.client.knowledge import Knowledge
from modelscan.contracts.http import Target
from modelscan.contracts.policies import Call
from modelscan.limits.learning import Learned
from modelscan.types.accounts import Account, Candidate
from modelscan.types.chat import ChatRequest
from modelscan.types.context import CallContext
from modelscan.types.messages import user
from modelscan.wire.openai_compatible import openai_compatible

FRESH = Freshness(verified=None, trust="official")
HELLO = ChatRequest(messages=(user("hello"),))
PRICES = Prices(per=1_000_000, units={"input_tokens": Decimal(1), "output_tokens": Decimal(100)})
DEFINE = openai_compatible("acme", base_url="https://acme.example.org/v1", key=None, models=None)


@attrs.define
class FakeFacts:
    """Answers as it was told; `asked` are the plans that limits were asked for."""

    known: Sequence[KnownLimit] = ()
    prices: Sequence[Prices] = (PRICES,)
    most_input: int | None = None
    most_output: int | None = None
    asked: list[str] = attrs.field(factory=list)

    def limits(self, provider: str, plan: str, model: str) -> Sequence[KnownLimit]:
        self.asked.append(plan)
        return self.known

    def price(self, provider: str, plan: str, model: str) -> PriceList | None:
        if not self.prices:
            return None
        return PriceList(provider=provider, model=model, prices=tuple(self.prices), freshness=FRESH)

    def model(self, provider: str, model: str) -> KnownModel | None:
        if self.most_output is None:
            return None
        fields: dict[str, Any] = {"max_input_tokens": self.most_input, "max_output_tokens": self.most_output}
        return KnownModel(provider=provider, model=Model(id=model, **fields), freshness=FRESH)


def known_limit(unit: str = "requests", amount: int = 100, **more: Any) -> KnownLimit:
    """A limit of the catalog."""
    limit = PublishedLimit(kind="rate", unit=unit, amount=Decimal(amount), window_s=Decimal(60), **more)
    return KnownLimit(provider="acme", plan="free", limit=limit, freshness=FRESH)


def endpoint_of(account: Account | None = None, *, model: str = "m", is_elsewhere: bool = False) -> Endpoint:
    """An endpoint that nothing is sent to."""
    account = account or Account(provider="acme")
    candidate, target = Candidate(account=account, model=model), Target(base_urls={}, model=model)
    return Endpoint(candidate, DEFINE(), target, cast(Any, None), account.key, is_elsewhere)


def knowledge_of(facts: FakeFacts, learned: Learned | None = None, **more: Any) -> Knowledge:
    """Knowledge of these facts."""
    given = more.pop("given", {})
    return Knowledge(facts, given, learned or Learned(), Terms(), Terms(currency="USD"), **more)


def call_of(request: Any = HELLO, context: CallContext | None = None, capability: str = "chat") -> Call:
    """A call with this request."""
    return Call(
        id="call-1",
        request=request,
        context=context or CallContext(),
        capability=capability,
        model="acme/m",
        is_stream=False,
    )
