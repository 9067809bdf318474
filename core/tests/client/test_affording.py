"""Whether hard budgets pay for a call at its worst, and for how long an answer they do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from known_facts import HELLO, FakeFacts, call_of, endpoint_of, knowledge_of
from modelscan import Budget
from modelscan.accounting.budgets import BudgetBook
from modelscan.catalog.format import Prices
from modelscan.client.affording import Afforded, Affording
from modelscan.contracts.limiter import Claim, Demand, Lease
from modelscan.errors import BudgetExceededError
from modelscan.limits.memory import MemoryLimiter
from modelscan.types.context import CallContext
from modelscan.types.embed import EmbedRequest

WRITTEN = 100_000
"""What a token that is written costs, in billionths of a dollar; a token that is read costs a hundredth of it."""


class World:
    """A limiter and a book of budgets, and what they afford."""

    def __init__(self, *budgets: Budget, **facts: Any) -> None:
        self.limiter = MemoryLimiter()
        self.book = BudgetBook(budgets)
        self.knowledge = knowledge_of(FakeFacts(**facts))
        self.endpoint = endpoint_of()
        self.affording = Affording(self.limiter, self.book)

    async def afford(self, request: Any = HELLO, *, expected: int = 0, context: CallContext | None = None) -> Afforded:
        call = call_of(request, context)
        terms = await self.knowledge.terms(self.endpoint, call.capability, call.context)
        bounds = self.affording.bounds(self.endpoint, request, terms)
        drawn, _ = self.book.drawn(call.context)
        estimates = {"input_tokens": 10, "output_tokens": expected}
        return await self.affording.afforded(self.endpoint, call, request, terms, estimates, bounds, drawn)

    async def at_ease(self, request: Any = HELLO, context: CallContext | None = None) -> Afforded | None:
        call = call_of(request, context)
        terms = await self.knowledge.terms(self.endpoint, call.capability, call.context)
        drawn, _ = self.book.drawn(call.context)
        return await self.affording.at_ease(call, request, terms, drawn, datetime.now(UTC))

    async def take(self, amount: int) -> Lease:
        """Something under way that has set aside so much of every budget."""
        drawn, _ = self.book.drawn(CallContext())
        claims = tuple(Claim(each.quota, amount) for each in drawn)
        lease = await self.limiter.reserve(Demand(account="", model="", claims=claims))
        lease.sent()
        return lease


def cap(afforded: Afforded) -> int:
    assert afforded.request.max_output_tokens is not None
    return int(afforded.request.max_output_tokens)


def chat(**fields: Any) -> Any:
    return msgspec.structs.replace(HELLO, **fields)


DAY = Budget("0.05", per="day")


async def test_an_answer_may_be_as_long_as_the_budget_affords() -> None:
    afforded = await World(DAY).afford()
    assert afforded.most is not None
    assert 50_000_000 - WRITTEN < afforded.most <= 50_000_000
    # A token beyond the cap is what some hosts bill.
    assert afforded.bounds["output_tokens"] == cap(afforded) + 1
    assert afforded.note == f"max_output_tokens was set to {cap(afforded)}, which is what the budget affords"


async def test_several_answers_share_what_is_afforded() -> None:
    one, three = cap(await World(DAY).afford()), await World(DAY).afford(chat(choices=3))
    assert one // 3 - 2 <= cap(three) <= one // 3
    assert three.bounds["output_tokens"] == 3 * (cap(three) + 1)


async def test_the_longest_answer_of_the_model_needs_no_cap() -> None:
    afforded = await World(DAY, most_output=100).afford()
    assert (afforded.request, afforded.note) == (HELLO, "")
    assert afforded.bounds["output_tokens"] == 101


async def test_a_length_that_the_caller_gave_is_kept_or_refused() -> None:
    world = World(Budget("0.05", per="call"))
    assert (await world.afford(chat(max_output_tokens=20))).request.max_output_tokens == 20
    with pytest.raises(BudgetExceededError, match=r"could cost 0\.1.*0\.05 of its budget is left"):
        await world.afford(chat(max_output_tokens=1_000))


async def test_what_calls_under_way_have_set_aside_is_waited_for_where_too_little_is_left() -> None:
    world = World(DAY)
    await world.take(45_000_000)
    assert cap(await world.afford(expected=10)) < 50
    assert cap(await world.afford(expected=300)) > 400


async def test_what_is_spent_does_not_come_back() -> None:
    world = World(DAY)
    (await world.take(0)).settle((48_000_000,))
    with pytest.raises(BudgetExceededError, match=r"0\.002 of its budget is left"):
        await world.afford()


async def test_the_least_of_several_budgets_decides() -> None:
    world = World(DAY, Budget("0.02", per="session"))
    inner = CallContext(budgets=(Budget("0.01", per="call", name="max_cost"),))
    assert cap(await world.afford()) < 200
    assert cap(await world.afford(context=inner)) < 100


async def test_a_soft_budget_sets_aside_what_is_expected() -> None:
    world = World(Budget("0.05", per="day", hard=False))
    afforded = await world.afford(expected=3)
    drawn, _ = world.book.drawn(CallContext())
    assert (afforded.request, afforded.most) == (HELLO, None)
    assert afforded.reserved(drawn[0]) == 3 * WRITTEN + 10 * WRITTEN // 100


async def test_beside_a_hard_budget_a_soft_one_still_sets_aside_what_is_expected() -> None:
    world = World(DAY, Budget("9", per="session", hard=False))
    afforded = await world.afford(chat(max_output_tokens=10), expected=3)
    hard, soft = world.book.drawn(CallContext())[0]
    assert afforded.reserved(hard) > afforded.reserved(soft) > 0


async def test_a_soft_budget_does_not_mind_that_nothing_has_a_price() -> None:
    assert (await World(Budget("1", hard=False), prices=()).afford()).expected == 0


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (chat(extra={"max_tokens": 9_000}), "bounds its output_tokens"),
        (chat(extra={"web_search_options": {}}), "input_tokens has no bound"),
        (chat(extra={"web_search_options": {}}, max_output_tokens=5), "input_tokens has no bound"),
    ],
)
async def test_a_hard_budget_refuses_what_has_no_bound(request_: Any, reason: str) -> None:
    with pytest.raises(BudgetExceededError, match=reason):
        await World(DAY).afford(request_)


@pytest.mark.parametrize("request_", [HELLO, chat(max_output_tokens=5)])
async def test_a_hard_budget_refuses_what_has_no_price(request_: Any) -> None:
    with pytest.raises(BudgetExceededError, match="no price is known for the model"):
        await World(DAY, prices=()).afford(request_)
    with pytest.raises(BudgetExceededError, match="can't hold for this call"):
        await World(DAY, prices=[Prices(units={"images": Decimal(1)})]).afford(request_)


async def test_what_writes_no_text_is_bounded_as_it_is() -> None:
    afforded = await World(DAY).afford(EmbedRequest(inputs=("hello",)))
    assert afforded.most == 9 * WRITTEN // 100


# --- At ease ----------------------------------------------------------------------------------------------------------

SMALL: dict[str, Any] = {"most_input": 1_000, "most_output": 100}
AMPLE = Budget("100", per="day")


async def test_where_there_is_plenty_the_models_dearest_call_is_set_aside() -> None:
    afforded = await World(AMPLE, **SMALL).at_ease()
    assert afforded is not None
    assert (afforded.request, afforded.most) == (HELLO, 100 * WRITTEN + 1_000 * WRITTEN // 100)


@pytest.mark.parametrize(
    "request_",
    [chat(choices=2), chat(extra={"seed": 1}), EmbedRequest(inputs=("hello",))],
    ids=["two", "extra", "embed"],
)
async def test_what_may_cost_more_than_the_models_dearest_call_is_worked_out(request_: Any) -> None:
    assert await World(AMPLE, **SMALL).at_ease(request_) is None


async def test_it_is_worked_out_where_little_is_left_or_little_is_known() -> None:
    assert await World(DAY, **SMALL).at_ease() is None
    assert await World(AMPLE).at_ease() is None
    assert await World(AMPLE, **SMALL, prices=()).at_ease() is None
    assert await World(Budget("100", per="day", hard=False), **SMALL).at_ease() is None
    assert await World(**SMALL).at_ease() is None
    assert await World(AMPLE, Budget("1", per="call"), **SMALL).at_ease() is None
