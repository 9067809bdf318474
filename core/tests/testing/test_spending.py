"""What tests may spend is bounded, and what can't be known isn't free."""

from __future__ import annotations

from decimal import Decimal

import pytest

from modelscan.testing.spending import RunBudget, Spending, assert_cost_within, e2e
from modelscan.types.chat import ChatReply
from modelscan.types.messages import assistant
from modelscan.types.money import Cost, Money


def reply(amount: str | None) -> ChatReply[None]:
    total = None if amount is None else Money(Decimal(amount))
    return ChatReply(message=assistant("hi"), cost=Cost(total=total, note="no price is known"))


def test_costs_within_the_limit_pass() -> None:
    assert_cost_within(reply("0.01"), "0.01")
    assert_cost_within([reply("0.01"), reply("0.02")], Money(Decimal("0.03")))


def test_costs_above_the_limit_fail_and_say_by_how_much() -> None:
    with pytest.raises(AssertionError, match=r"0.03 USD were spent, 0.02 USD are allowed"):
        assert_cost_within([reply("0.01"), reply("0.02")], "0.02")


def test_a_cost_that_nobody_knows_fails() -> None:
    with pytest.raises(AssertionError, match="1 of 2 replies have no known cost: no price is known"):
        assert_cost_within([reply("0.01"), reply(None)], "1")


def test_a_test_may_spend_a_cent() -> None:
    spending = Spending(run=RunBudget(Money(Decimal(1))))
    assert spending.spent(reply("0.01")).text == "hi"
    with pytest.raises(AssertionError, match="may spend 0.01 USD"):
        spending.spent(reply("0.001"))


def test_a_reply_without_a_price_uses_up_the_test() -> None:
    spending = Spending(run=RunBudget(Money(Decimal(1))))
    spending.spent(reply(None))
    assert spending.total == Money(Decimal("0.01"))


def test_a_run_has_its_own_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2E_BUDGET", "0.015")
    run = RunBudget.from_environment()
    Spending(run=run).spent(reply("0.01"))
    assert not run.is_used_up
    with pytest.raises(AssertionError, match="E2E_BUDGET"):
        Spending(run=run).spent(reply("0.01"))
    assert run.is_used_up


def test_a_test_of_a_real_provider_is_skipped_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    marker, skip = e2e("openai")
    assert marker.name == "e2e"
    assert skip.args == (True,)
    assert skip.kwargs == {"reason": "it needs a real key of openai: set OPENAI_API_KEY"}
    monkeypatch.setenv("OPENAI_API_KEY", "sk")
    assert e2e("openai")[1].args == (False,)
