"""What one attempt claims, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest

from known_facts import HELLO, PRICES, FakeFacts, call_of, endpoint_of, knowledge_of, known_limit
from limited import MODEL, client_of, said
from modelscan import Budget, Limit, hookimpl
from modelscan.accounting.budgets import BudgetBook
from modelscan.accounting.estimates import Estimator
from modelscan.client.admission import Metering
from modelscan.client.facts import CatalogFacts
from modelscan.client.recording import Recorder
from modelscan.client.tickets import AttemptTicket, FreeTicket, with_note
from modelscan.contracts.provider import CutStream
from modelscan.errors import CatalogError, UnknownNameError
from modelscan.limits.learning import Learned
from modelscan.limits.memory import MemoryLimiter
from modelscan.plugins import Plugins
from modelscan.testing.mock import MockProvider
from modelscan.types.chat import ChatReply
from modelscan.types.context import CallContext
from modelscan.types.messages import assistant
from modelscan.types.money import Cost
from modelscan.types.usage import REFUSED, Usage

HALF: ChatReply[None] = ChatReply(message=assistant("half of an"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is learned and spent stays in the test."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


async def ticket_of(
    *budgets: Budget, rule: CutStream = "unknown", context: CallContext | None = None, **more: Any
) -> AttemptTicket:
    """A ticket for a short chat, of an account with these budgets and limits."""
    learned = Learned()
    knowledge = knowledge_of(more.pop("facts", FakeFacts()), learned, **more)
    metering = Metering(
        MemoryLimiter(),
        knowledge,
        Estimator(),
        BudgetBook(budgets),
        learned,
        Plugins().hooks(),
        recorder=Recorder(is_kept=False),
    )
    endpoint = endpoint_of()
    endpoint = replaced(endpoint, provider=attrs.evolve(endpoint.provider, cut_stream=rule))
    request = replaced(HELLO, max_output_tokens=50)
    ticket = await metering.prepared(endpoint, call_of(request, context), request)
    assert isinstance(ticket, AttemptTicket)
    return ticket


def replaced(struct: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(struct, **changes)


def claimed(ticket: AttemptTicket) -> Sequence[tuple[str, int]]:
    return [(claim.quota.unit, claim.amount) for claim in ticket.claims]


RATES = {"acme": [Limit("requests", 9, window_s=60), Limit("tokens", 9_000, window_s=60), Limit("concurrent", 3)]}


async def test_a_ticket_claims_of_limits_first_and_then_of_budgets() -> None:
    ticket = await ticket_of(Budget("1", per="day"), given=RATES)
    assert [unit for unit, _ in claimed(ticket)] == ["requests", "tokens", "concurrent", "USD"]
    assert claimed(ticket)[0] == ("requests", 1)
    assert ticket.settled(Usage(input_tokens=10, output_tokens=20)) == [1, 30, 1, 2_010_000]


async def test_a_refused_attempt_is_a_request_and_costs_nothing() -> None:
    ticket = await ticket_of(Budget("1", per="day"), given=RATES)
    assert ticket.settled(REFUSED) == [1, 0, 1, 0]
    assert ticket.cost.note == "nothing was carried out"


async def test_what_a_ticket_does_not_know_any_more_is_worth_what_was_claimed() -> None:
    """A limit that was there when the lease was taken, in another process."""
    ticket = await ticket_of(given=RATES)
    other = await ticket_of(facts=FakeFacts([known_limit()]))
    ticket.claims = other.claims
    assert ticket.settled(Usage(input_tokens=1)) == [1]


@pytest.mark.parametrize(("rule", "certainty"), [("arrived", "estimated"), ("all", "bound"), ("unknown", "bound")])
async def test_a_cut_answer_is_charged_by_the_providers_rule(rule: CutStream, certainty: str) -> None:
    ticket = await ticket_of(Budget("1", per="day"), given=RATES, rule=rule)
    amounts = ticket.cut(HALF)
    assert ticket.cost.certainty == certainty
    if rule == "arrived":
        assert amounts is not None
        assert amounts[1] < 30
    else:
        assert amounts is None


async def test_what_is_lost_is_charged_at_its_bound_or_else_as_estimated() -> None:
    lost = await ticket_of()
    lost.forfeited("bound")
    guessed = await ticket_of()
    guessed.forfeited("estimated")
    assert (lost.cost.certainty, guessed.cost.certainty) == ("bound", "estimated")
    assert lost.cost.total is not None
    assert guessed.cost.total is not None
    assert lost.cost.total > guessed.cost.total
    held = await ticket_of(Budget("1", per="day"))
    held.forfeited("estimated")
    assert held.cost == lost.cost
    unpriced = await ticket_of(facts=FakeFacts(prices=()))
    unpriced.forfeited("bound")
    assert unpriced.cost.total is None


async def test_an_attempt_that_is_made_once_more_sets_aside_as_much_again() -> None:
    context = CallContext(budgets=(Budget("0.5", name="agent", is_allotment=True),))
    ticket = await ticket_of(Budget("1", per="day"), context=context)
    allotment = ticket.allotment
    assert allotment is not None
    once = allotment.open
    again = ticket.again()
    assert allotment.open == 2 * once
    again.released()
    assert (allotment.open, allotment.spent) == (once, 0)
    ticket.forfeited("bound")
    assert (allotment.open, allotment.spent) == (0, once)


def test_a_ticket_of_nothing_claims_nothing() -> None:
    ticket = FreeTicket()
    assert (ticket.settled(Usage()), ticket.cut(HALF)) == ((), None)
    ticket.forfeited("bound")
    ticket.released()


def test_notes_stand_beside_each_other() -> None:
    assert with_note(Cost(note="one"), "two").note == "one; two"
    assert with_note(Cost(note="one"), "").note == "one"


# --- Facts and tokenizers ---------------------------------------------------------------------------------------------


class NoCatalog:
    """A catalog that answers every question with an error."""

    def __init__(self, error: CatalogError) -> None:
        self.error = error

    def limits(self, *names: Any, **more: Any) -> Any:
        raise self.error

    price = model = limits


def facts_of(error: CatalogError) -> CatalogFacts:
    catalog: Any = NoCatalog(error)
    return CatalogFacts(lambda: catalog, lambda name: name == "acme", {"acme/dear": [PRICES]})


@pytest.mark.parametrize("error", [UnknownNameError("no such plan"), CatalogError("the file is broken")])
def test_where_the_catalog_knows_nothing_nothing_is_known(error: CatalogError) -> None:
    facts = facts_of(error)
    assert facts.limits("acme", "", "m") == facts.limits("other", "tier-9", "m") == ()
    assert [facts.price(name, "", "m") for name in ("acme", "other")] == [None, None]
    assert [facts.model(name, "m") for name in ("acme", "other")] == [None, None]
    own = facts.price("acme", "", "dear")
    assert own is not None
    assert own.prices == (PRICES,)


def test_a_plan_that_is_named_and_unknown_is_an_error() -> None:
    with pytest.raises(UnknownNameError):
        facts_of(UnknownNameError("no such plan")).limits("acme", "tier-9", "m")
    assert facts_of(CatalogError("the file is broken")).limits("acme", "tier-9", "m") == ()


class Counts:
    """A tokenizer that knows one model."""

    name = "counts"

    def count(self, text: str, model: str) -> int | None:
        return 700 if model == MODEL else None


async def test_tokens_are_counted_by_a_tokenizer_that_knows_the_model() -> None:
    @hookimpl
    def modelscan_tokenizer() -> Counts:
        return Counts()

    plugin = SimpleNamespace(modelscan_tokenizer=modelscan_tokenizer)
    only = {"plugins.block": ["tokenizer:tiktoken"]}
    async with client_of(MockProvider().with_response(said()), plugin, settings=only) as client:
        assert (await client.estimate("hi", model=MODEL)).input_tokens >= 700
        assert (await client.estimate("hi", model="mock/other")).input_tokens < 50
