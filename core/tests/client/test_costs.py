"""What replies cost, and what of it is in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from limited import MODEL, client_of, dollars, said, spent
from modelscan import AsyncClient, Budget
from modelscan.accounting.ledger import Ledger
from modelscan.accounting.spending import Spent
from modelscan.contracts.provider import CutStream
from modelscan.errors import ConfigurationError, ModelScanError, ServerError, TransportError
from modelscan.testing.mock import MockProvider
from modelscan.testing.scripted import Answer, PlainChat, ScriptedTransport, plain_provider
from modelscan.types.usage import UNREPORTED

CENT = Decimal("0.01001")
EUROS = {"mock/*": {"per": 1_000_000, "currency": "EUR", "units": {"input_tokens": "1", "output_tokens": "100"}}}
RATES = ["EUR:USD:1.10:2026-01-01"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger is the test's own."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


def mock_of(*answers: Any) -> MockProvider:
    return MockProvider().with_response(*(answers or (said(),)))


def booked(home: Path, *by: str) -> Sequence[Spent]:
    """The sums of the ledger."""
    ledger = Ledger(home / "ledger.sqlite3")
    try:
        return ledger.spent(by=by)
    finally:
        ledger.close()


async def test_a_reply_says_what_it_cost_line_by_line() -> None:
    async with client_of(mock_of()) as client:
        cost = (await client.chat("hi", model=MODEL)).cost
    assert [(line.unit, line.quantity, line.amount) for line in cost.lines] == [
        ("input_tokens", Decimal(10), Decimal("0.000010")),
        ("output_tokens", Decimal(100), Decimal("0.0100")),
    ]
    assert (cost.certainty, cost.note) == ("measured", "")


async def test_a_model_without_a_price_costs_nobody_knows_what() -> None:
    async with client_of(mock_of(), prices={}) as client:
        cost = (await client.chat("hi", model=MODEL)).cost
    assert (cost.total, cost.note) == (None, "no price is known for this model")


async def test_a_stream_costs_what_the_call_would() -> None:
    async with client_of(mock_of()) as client, client.stream("hi", model=MODEL) as stream:
        assert dollars(await stream.reply()) == CENT


async def test_the_price_of_one_model_wins_over_that_of_all() -> None:
    prices = {"mock/*": {"units": {"output_tokens": "1"}}, "mock/m": {"units": {"output_tokens": "2"}}}
    async with client_of(mock_of(said(read=0, written=3)), prices=prices) as client:
        assert dollars(await client.chat("hi", model=MODEL)) == 6
        assert dollars(await client.chat("hi", model="mock/other")) == 3


@pytest.mark.parametrize("prices", [{"mock/*": {"units": {}}}, {"mock/*": "a cent"}, {"mock/*": [{"per": 0}]}])
def test_a_price_that_is_none_is_refused(prices: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"the price of 'mock/\*' can't be read"):
        AsyncClient(prices=prices, config=False)


async def test_every_attempt_is_in_the_ledger_with_its_tags(home: Path) -> None:
    async with client_of(mock_of()) as client:
        await client.chat("hi", model=MODEL, tags={"feature": "faq"})
        await client.chat("hi", model=MODEL, tags={"feature": "search"}, principal="ann")
    assert [(each.group, each.total) for each in booked(home, "tag:feature", "principal")] == [
        (("faq", ""), CENT),
        (("search", "ann"), CENT),
    ]


async def test_a_refusal_is_in_no_ledger(home: Path) -> None:
    async with client_of(mock_of(ServerError("broken", status=500), said())) as client:
        await client.chat("hi", model=MODEL)
    assert [each.attempts for each in booked(home)] == [1]


async def test_a_ledger_may_be_left_out(home: Path) -> None:
    async with client_of(mock_of(), settings={"accounting.ledger": False}) as client:
        await client.chat("hi", model=MODEL)
    assert not (home / "ledger.sqlite3").exists()


async def test_a_lost_reply_is_booked_at_its_bound_and_marked(home: Path) -> None:
    async with client_of(mock_of(TransportError("lost", phase="wait"))) as client:
        with pytest.raises(TransportError):
            await client.chat("hi", model=MODEL, max_output_tokens=100)
    (sums,) = booked(home)
    assert sums.bound == sums.total > CENT - Decimal("0.0001")


async def test_a_lost_reply_without_a_bound_is_booked_as_estimated(home: Path) -> None:
    async with client_of(mock_of(TransportError("lost", phase="wait"))) as client:
        with pytest.raises(TransportError):
            await client.chat("hi", model=MODEL)
    (sums,) = booked(home)
    assert sums.estimated == sums.total > 10 * CENT


async def test_usage_that_was_not_reported_is_booked_as_estimated(home: Path) -> None:
    class Unreporting(PlainChat):
        def decode(self, response: Any, request: Any, target: Any) -> Any:
            return msgspec.structs.replace(super().decode(response, request, target), usage=UNREPORTED)

    transport = ScriptedTransport(Answer(pieces=[b"hello\nend\n"]))
    prices = {"plain/*": {"units": {"input_tokens": "0", "output_tokens": "1"}}}
    provider = plain_provider(chat=Unreporting())
    async with AsyncClient(plugins=(provider,), transport=transport, prices=prices, config=False) as client:
        reply = await client.chat("hi", model="plain/m", max_output_tokens=5)
    assert (dollars(reply), reply.cost.certainty) == (Decimal(5), "estimated")
    assert booked(home)[0].estimated == 5


@pytest.mark.parametrize(("rule", "certainty"), [("arrived", "estimated"), ("all", "bound"), ("unknown", "bound")])
async def test_a_stream_that_is_left_is_booked_by_its_providers_rule(
    home: Path, rule: CutStream, certainty: str
) -> None:
    mock = mock_of(said("a word " * 20, written=20))
    mock.provider = attrs.evolve(mock.provider, cut_stream=rule)
    async with client_of(mock) as client, client.stream("hi", model=MODEL, max_output_tokens=50) as stream:
        await anext(stream)
    (sums,) = booked(home)
    assert sums.total == (sums.bound if certainty == "bound" else sums.estimated) > 0


# --- Currencies -------------------------------------------------------------------------------------------------------


async def test_a_cost_is_told_in_the_currency_of_its_price() -> None:
    async with client_of(mock_of(), prices=EUROS) as client:
        total = (await client.chat("hi", model=MODEL)).cost.total
    assert total is not None
    assert (total.amount, total.currency) == (CENT, "EUR")


async def test_a_cost_is_told_in_the_currency_that_is_wanted_at_a_dated_rate() -> None:
    settings = {"accounting.currency": "USD", "accounting.exchange_rates": RATES}
    async with client_of(mock_of(), prices=EUROS, settings=settings) as client:
        assert dollars(await client.chat("hi", model=MODEL)) == CENT * Decimal("1.10")


async def test_without_a_rate_the_reply_is_here_and_its_cost_is_not() -> None:
    async with client_of(mock_of(), prices=EUROS, settings={"accounting.currency": "USD"}) as client:
        reply = await client.chat("hi", model=MODEL)
    assert reply.text == "hello"
    assert reply.cost.total is None
    assert "no exchange rate is given" in reply.cost.note


async def test_a_budget_counts_prices_of_another_currency_over_programs() -> None:
    arguments: dict[str, Any] = {
        "prices": EUROS,
        "budgets": [Budget("1", per="day")],
        "settings": {"accounting.exchange_rates": RATES},
    }
    for times in (1, 2):
        async with client_of(mock_of(), **arguments) as client:
            await client.chat("hi", model=MODEL, max_output_tokens=100)
            assert await spent(client) == [("1USD/day", times * CENT * Decimal("1.10"))]


async def test_budgets_and_costs_are_in_one_currency() -> None:
    settings = {"accounting.currency": "EUR", "accounting.exchange_rates": RATES}
    client = client_of(mock_of(), budgets=[Budget("1", per="day")], settings=settings)
    with pytest.raises(ConfigurationError, match="costs are told in EUR .*, and the budgets are in USD"):
        await client.chat("hi", model=MODEL)


@pytest.mark.parametrize(
    "rate", ["EUR:USD:1.1", "EUR:USD:much:2026-01-01", "EUR:USD:1.1:soon", "EUR:USD:-1:2026-01-01"]
)
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ConfigurationError, match="is no dated exchange rate"):
        AsyncClient(settings={"accounting.exchange_rates": [rate]}, config=False)


async def test_no_call_without_its_prices_rate_passes_a_hard_budget() -> None:
    async with client_of(mock_of(), prices=EUROS, budgets=[Budget("1", per="day")]) as client:
        with pytest.raises(ModelScanError, match="no exchange rate is given"):
            await client.chat("hi", model=MODEL, max_output_tokens=10)
