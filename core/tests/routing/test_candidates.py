"""From a name to the candidates that could answer."""

from __future__ import annotations

import pytest

from modelscan import Account, Route
from modelscan.errors import ConfigurationError, InvalidRequestError
from modelscan.routing.candidates import Candidates, model_name

WORK = Account(provider="openai", name="work")
HOME = Account(provider="openai", name="home")
CANDIDATES = Candidates(
    [WORK, HOME], {"auto": Route("first", models=("openai@home/a", "ex/b")), "empty": Route("first")}
)


def names(model: object) -> list[tuple[str, str]]:
    return [(candidate.account.key, candidate.model) for candidate in CANDIDATES.of(model)]  # type: ignore[arg-type]


def test_a_model_stands_for_all_accounts_of_its_provider() -> None:
    assert names("openai/a") == [("openai/work", "a"), ("openai/home", "a")]
    assert names("ex/b/c") == [("ex/default", "b/c")]


def test_a_route_stands_for_its_models() -> None:
    assert names("auto") == names(Route("any", models=("openai@home/a", "ex/b")))
    assert names("auto") == [
        ("openai/home", "a"),
        ("ex/default", "b"),
    ]
    assert names(["ex/b", "auto"])[0] == ("ex/default", "b")


def test_a_route_without_models_says_where_they_go() -> None:
    for model in ("empty", Route("cheapest")):
        with pytest.raises(ConfigurationError, match="has no models"):
            CANDIDATES.of(model)


def test_a_name_that_is_no_model_lists_the_routes() -> None:
    with pytest.raises(InvalidRequestError, match=r"\(auto, empty\)"):
        CANDIDATES.of("gpt-4")
    with pytest.raises(InvalidRequestError, match="none is configured"):
        Candidates([], {}).of("gpt-4")


def test_routes_are_told_from_models() -> None:
    route = CANDIDATES.route_of("auto")
    assert route is not None
    assert CANDIDATES.route_of(route) is route
    assert CANDIDATES.route_of("openai/a") is None
    assert CANDIDATES.route_of(["openai/a"]) is None


def test_every_model_has_a_name_for_messages() -> None:
    assert [model_name(model) for model in ("a/b", Route("x"), ["a/b", "c/d"])] == ["a/b", "x", "a/b, c/d"]


def test_an_answer_is_remembered() -> None:
    assert CANDIDATES.of("openai/a") is CANDIDATES.of("openai/a")
    assert CANDIDATES.of("openai/a")[0].name == "openai/a"


def test_a_requirement_that_nothing_checks_yet_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="requires vision") as caught:
        CANDIDATES.of(Route("first", models=("ex/b",), requires=frozenset({"vision"})))
    assert "Leave `requires` out" in caught.value.advice
