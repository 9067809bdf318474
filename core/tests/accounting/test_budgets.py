"""Which budgets a call draws on, and what contexts draw from each other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from modelscan.accounting.budgets import (
    Allotment,
    BudgetBook,
    affordable,
    last_allotment,
    opened,
    shown_key,
)
from modelscan.accounting.exact import nano_within, of_nano
from modelscan.errors import ConfigurationError
from modelscan.limits.unlimited import UnlimitedLease
from modelscan.types.context import CallContext
from modelscan.types.limits import Budget

DAY = Budget("5.00", per="day")


class Settles(UnlimitedLease):
    """A lease under way that keeps what it was settled with."""

    def __init__(self) -> None:
        super().__init__()
        self.sent()
        self.amounts: Sequence[int] = ()

    def settle(self, amounts: Sequence[int]) -> None:
        super().settle(amounts)
        self.amounts = amounts


def keys(book: BudgetBook, context: CallContext) -> list[str]:
    return [each.quota.key for each in book.drawn(context)[0]]


def test_a_book_without_budgets_is_empty() -> None:
    assert not BudgetBook()
    assert BudgetBook([DAY])


def test_a_call_draws_on_the_clients_budgets_and_then_on_those_of_its_contexts() -> None:
    inner = Budget("1", name="task")
    context = CallContext(budgets=(inner, Budget("0.10", per="call")))
    book = BudgetBook([DAY, Budget("0.05", per="call")])
    drawn, around = book.drawn(context)
    assert [each.budget for each in drawn] == [DAY, inner]
    assert around == ()
    assert [budget.amount for budget in book.per_call(context)] == [Decimal("0.05"), Decimal("0.10")]


def test_a_budget_is_a_quota_of_billionths() -> None:
    (each,) = BudgetBook([Budget("0.0000000019", per="day", hard=False)]).drawn(CallContext())[0]
    quota = each.quota
    assert (quota.kind, quota.unit, quota.amount, quota.period, quota.blocks) == ("calendar", "USD", 1, "day", False)
    assert nano_within(Decimal("2.5")) == 2_500_000_000


@pytest.mark.parametrize(
    ("budget", "is_lasting"),
    [
        (DAY, True),
        (Budget("1", per="month"), True),
        (Budget("1", name="for-ever"), True),
        (Budget("1"), False),
        (Budget("1", per="session"), False),
    ],
)
def test_a_budget_outlasts_its_client_by_its_period_or_by_its_name(budget: Budget, is_lasting: bool) -> None:
    found = [BudgetBook([budget]).drawn(CallContext())[0][0] for _ in range(2)]
    assert [each.is_lasting for each in found] == [is_lasting] * 2
    assert (found[0].quota.key == found[1].quota.key) == is_lasting


def test_each_team_user_and_feature_has_an_amount_of_its_own() -> None:
    book = BudgetBook([Budget("1", per="day", scope=("team", "user"), name="own")])
    ann = CallContext(principal="ann", tags={"team": "search"})
    assert keys(book, ann) == ["budget|own|day|team=search/user=ann"]
    assert keys(book, CallContext(principal="bob", tags={"team": "search"})) != keys(book, ann)
    assert keys(book, CallContext(tags={"team": "search", "user": "ann"})) == keys(book, ann)
    assert shown_key(book.drawn(ann)[0][0].quota) == "own (team=search/user=ann)"
    assert shown_key(BudgetBook([DAY]).drawn(ann)[0][0].quota) == "5.00USD/day"


def test_the_quotas_of_the_same_scope_are_made_once_and_not_kept_without_end() -> None:
    book = BudgetBook([Budget("1", per="day", scope=("user",))])
    first = book.drawn(CallContext(principal="0"))[0][0]
    assert book.drawn(CallContext(principal="0"))[0][0] is first
    for number in range(5_000):
        book.drawn(CallContext(principal=str(number)))
    assert len(book._made) < 4_500


def test_beyond_an_allotment_nothing_is_drawn() -> None:
    outer, inner = Budget("2", name="outer", is_allotment=True), Budget("1", name="inner", is_allotment=True)
    last = Budget("0.5", name="last")
    drawn, around = BudgetBook([DAY]).drawn(CallContext(budgets=(outer, inner, last)))
    assert [each.budget for each in drawn] == [inner, last]
    assert [each.budget for each in around] == [DAY, outer]
    assert last_allotment(around) == 1
    assert last_allotment(drawn[1:]) is None


def test_an_allotment_gives_back_what_nobody_spent() -> None:
    lease = Settles()
    book = BudgetBook([DAY])
    task = Budget("1", name="task", is_allotment=True)
    book.allotments["task"] = Allotment(lease, 2, 1_000, spent=300, open=50)
    book.close((task, Budget("1", name="other")))
    assert lease.amounts == (350, 350)
    assert book.allotments == {}


def test_an_allotment_inside_of_another_is_spent_of_it() -> None:
    outer = Allotment(Settles(), 1, 1_000)
    inner = Allotment(Settles(), 1, 400, outer)
    assert outer.open == 400
    inner.spent = 150
    inner.close()
    assert (outer.open, outer.spent) == (0, 150)


def test_budgets_of_two_currencies_do_not_stand_beside_each_other() -> None:
    with pytest.raises(ConfigurationError, match="EUR stands beside one in USD"):
        BudgetBook([DAY, Budget("5", currency="EUR")])
    with pytest.raises(ConfigurationError, match="EUR"):
        BudgetBook([DAY]).drawn(CallContext(budgets=(Budget("5", currency="EUR"),)))


def test_an_allotment_is_opened_by_a_context_and_for_many_calls() -> None:
    with pytest.raises(ConfigurationError, match="an allotment is taken from the budgets around it"):
        BudgetBook([Budget("1", is_allotment=True)])
    with pytest.raises(ConfigurationError, match="an allotment is for many calls"):
        BudgetBook([DAY]).drawn(CallContext(budgets=(Budget("1", per="call", is_allotment=True),)))


def test_a_budget_without_a_name_is_another_each_time_it_is_opened() -> None:
    one, other = opened((Budget("1"),)), opened((Budget("1"),))
    assert one[0].name != other[0].name
    assert opened((Budget("1", name="mine"),))[0].name == "mine"


@pytest.mark.parametrize(("left", "tokens"), [(1_000, 100), (10_000, 100), (505, 50), (14, 0), (5, 0), (4, -1)])
def test_the_longest_answer_that_is_left_for(left: int, tokens: int) -> None:
    assert affordable(left, lambda tokens: 5 + tokens * 10 - (tokens > 99) * 5, 100) == tokens


def test_billionths_are_read_as_what_they_are() -> None:
    assert [str(of_nano(amount)) for amount in (1_500_000_000, 5 * 10**9, 1)] == ["1.5", "5", "1E-9"]
