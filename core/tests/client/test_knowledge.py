"""What is known of an endpoint before it is called."""

from __future__ import annotations

import asyncio
import time

from known_facts import FakeFacts, call_of, endpoint_of, knowledge_of, known_limit
from modelscan import Account, Limit
from modelscan.client.knowledge import EndpointTerms
from modelscan.limits.learning import Learned, LimitReport
from modelscan.types.context import CallContext
from modelscan.types.limits import Limit as GivenLimit

ANYWHERE = CallContext()
PAID = Account(provider="acme", plan="tier-3")


def amounts(terms: EndpointTerms) -> list[int]:
    return [metered.quota.amount for metered in terms.metered]


async def test_limits_of_the_plan_come_from_the_catalog() -> None:
    facts = FakeFacts([known_limit()])
    terms = await knowledge_of(facts).terms(endpoint_of(PAID), "chat", ANYWHERE)
    assert amounts(terms) == [95]
    assert facts.asked == ["tier-3"]
    assert terms.gates == ("acme/default", "acme/default/m")
    assert (terms.is_estimated, terms.needs_bounds) == (False, False)


async def test_the_headroom_of_the_settings_wins() -> None:
    terms = await knowledge_of(FakeFacts([known_limit()]), headroom=0.5).terms(endpoint_of(), "chat", ANYWHERE)
    assert amounts(terms) == [50]


async def test_elsewhere_the_catalogs_limits_hold_only_for_a_plan_that_is_named() -> None:
    knowledge = knowledge_of(FakeFacts([known_limit()]))
    assert (await knowledge.terms(endpoint_of(is_elsewhere=True), "chat", ANYWHERE)).metered == ()
    assert amounts(await knowledge.terms(endpoint_of(PAID, is_elsewhere=True), "chat", ANYWHERE)) == [95]


async def test_the_catalogs_limits_can_be_left_out() -> None:
    knowledge = knowledge_of(FakeFacts([known_limit()]), holds_catalog=False)
    assert (await knowledge.terms(endpoint_of(), "chat", ANYWHERE)).metered == ()
    assert knowledge.of_plan(PAID) == ()


async def test_what_is_given_for_an_account_wins_over_what_is_given_for_its_provider() -> None:
    given = {"acme": [Limit("requests", 5, window_s=60)], "acme/default": [Limit("requests", 7, window_s=60)]}
    knowledge = knowledge_of(FakeFacts([known_limit()]), given=given)
    assert amounts(await knowledge.terms(endpoint_of(), "chat", ANYWHERE)) == [7]
    assert amounts(await knowledge.terms(endpoint_of(Account(provider="acme", name="b")), "chat", ANYWHERE)) == [5]
    assert [each.quota.amount for each in knowledge.of_plan(Account(provider="acme"))] == [7]


async def test_terms_are_worked_out_once_and_anew_when_something_was_learned() -> None:
    learned, endpoint = Learned(), endpoint_of()
    knowledge = knowledge_of(FakeFacts([known_limit()]), learned)
    terms = await knowledge.terms(endpoint, "chat", ANYWHERE)
    assert await knowledge.terms(endpoint, "chat", ANYWHERE) is terms
    assert knowledge.called() == (terms,)
    learned.note("acme/default", "m", LimitReport(unit="requests", window_s=60.0, limit=30), 2e9)
    knowledge.forget("acme/other")
    assert [each.quota.amount for each in knowledge.known(endpoint)] == [95]
    knowledge.forget("acme/default")
    assert len(knowledge.known(endpoint)) == 1
    assert await knowledge.terms(endpoint, "chat", ANYWHERE) is not terms
    assert knowledge.known(endpoint_of()) == ()


async def test_terms_of_many_users_are_not_kept_without_end() -> None:
    limit = GivenLimit("requests", 5, window_s=60, scope=("user",))
    knowledge, endpoint = knowledge_of(FakeFacts(), given={"acme": [limit]}), endpoint_of()
    for number in range(600):
        await knowledge.terms(endpoint, "chat", CallContext(principal=str(number)))
    assert len(knowledge.called()) < 300


async def test_a_plan_is_shown_where_its_limits_would_hold() -> None:
    facts = FakeFacts([known_limit()])
    assert [each.quota.amount for each in knowledge_of(facts).of_plan(Account(provider="acme"))] == [95]
    assert knowledge_of(facts, moved={"acme"}).of_plan(Account(provider="acme")) == ()
    assert len(knowledge_of(facts, moved={"acme"}).of_plan(PAID)) == 1
    assert knowledge_of(facts).of_plan(Account(provider="acme", base_urls={"default": "http://127.0.0.1"})) == ()


async def test_a_model_is_known_by_its_longest_prompt_and_answer() -> None:
    terms = await knowledge_of(FakeFacts(most_input=900, most_output=50)).terms(endpoint_of(), "chat", ANYWHERE)
    assert (terms.most_input, terms.most_output) == (900, 50)
    assert terms.priced(call_of(), call_of().request) is not None
    unknown = await knowledge_of(FakeFacts(prices=())).terms(endpoint_of(), "chat", ANYWHERE)
    assert (unknown.most_input, unknown.priced(call_of(), call_of().request)) == (None, None)


async def test_of_many_first_calls_one_reads_what_a_provider_brings() -> None:
    facts, endpoint = FakeFacts([known_limit()]), endpoint_of(PAID)
    knowledge = knowledge_of(facts)
    found = await asyncio.gather(*(knowledge.terms(endpoint, "chat", ANYWHERE) for _ in range(100)))
    assert facts.asked == ["tier-3"]
    assert all(terms is found[0] for terms in found)


async def test_what_another_address_tells_is_not_taken_for_the_vendors() -> None:
    learned = Learned()
    knowledge = knowledge_of(FakeFacts([]), learned)
    elsewhere, here = endpoint_of(is_elsewhere=True), endpoint_of()
    learned.note(elsewhere.place, "m", LimitReport(unit="requests", window_s=60.0, limit=3), time.time())
    assert amounts(await knowledge.terms(elsewhere, "chat", ANYWHERE)) == [3]
    assert amounts(await knowledge.terms(here, "chat", ANYWHERE)) == []
    assert (here.place, elsewhere.place) == ("acme/default", "acme/default@")
