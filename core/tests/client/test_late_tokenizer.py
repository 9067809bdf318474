"""Tokenizers are loaded beside the calls, not in their way."""

from __future__ import annotations

from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

from modelscan.client.metering import LateTokenizer
from modelscan.errors import PluginError


class Words:
    """It counts words, for models of `ex` alone."""

    def count(self, text: str, model: str) -> int | None:
        return len(text.split()) if model.startswith("ex/") else None


def late(*names: str, may_load: Event | None = None) -> LateTokenizer:
    def tokenizer(name: str) -> Words:
        if may_load is not None:
            may_load.wait(10)
        if name == "broken":
            raise PluginError("it can't be loaded")
        return Words()

    plugins: Any = SimpleNamespace(names=lambda _: names, tokenizer=tokenizer)
    return LateTokenizer(plugins)


def loaded(tokenizer: LateTokenizer, model: str) -> LateTokenizer:
    import threading

    tokenizer.count("", model)
    for thread in threading.enumerate():
        if thread.name == "modelscan-tokenizer" and isinstance(thread, Thread):
            thread.join(10)
    return tokenizer


def test_nobody_counts_until_a_vocabulary_is_there() -> None:
    may_load = Event()
    tokenizer = late("words", may_load=may_load)
    assert tokenizer.count("one two", "ex/m") is None
    may_load.set()
    assert loaded(tokenizer, "ex/m").count("one two", "ex/m") == 2


def test_a_tokenizer_that_cannot_be_loaded_leaves_the_counting_to_the_next() -> None:
    assert loaded(late("broken", "words"), "ex/m").count("one", "ex/m") == 1


def test_a_model_that_no_tokenizer_knows_is_estimated() -> None:
    assert loaded(late("words"), "other/m").count("one", "other/m") is None


def test_models_are_not_remembered_for_ever() -> None:
    tokenizer = loaded(late("words"), "ex/m")
    for number in range(600):
        loaded(tokenizer, f"other/{number}")
    assert len(tokenizer._models) < 600
