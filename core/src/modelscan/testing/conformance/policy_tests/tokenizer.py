"""What every tokenizer must do."""

from __future__ import annotations

import socket
import time
from typing import Any, ClassVar, Final

import pytest

from modelscan.contracts.operations import Tokenizer
from modelscan.plugins import Plugins
from modelscan.testing.conformance.samples import WORDS
from modelscan.testing.conformance.suite import Suite, counts_for

_TEXTS: Final = (
    "a",
    WORDS,
    "Grüße aus Köln, 10 €: 你好 世界 Привет مرحبا नमस्ते 🙂🙃",
    '{"city": "Oslo", "days": [1, 22, 333]}\n\tdef f(x):\n\t\treturn x ** 2\n',
    "<|endoftext|> </s> [INST]",
    "\ud800 half a surrogate",
)
_UNKNOWN: Final = "conformance-no-such-model"
_LONGEST_S: Final = 0.5


class TokenizerSuite(Suite):
    """A tokenizer counts, and knows what it doesn't know: `tokenizer = "name"`, or the object.

    `models` are names of models that it knows, one for each of its vocabularies.
    """

    kind = "tokenizer"
    tokenizer: ClassVar[str | Tokenizer]
    models: ClassVar[tuple[str, ...]]

    @pytest.fixture
    def made(self) -> Any:
        """The tokenizer, with its vocabularies loaded, and no network from here on."""
        given = type(self).tokenizer
        return Plugins().tokenizer(given) if isinstance(given, str) else given

    @pytest.fixture(autouse=True)
    def offline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever opens a socket fails: a call must not wait for a download."""

        def refuse(*_: Any, **__: Any) -> None:
            raise AssertionError("it uses the network: a tokenizer's vocabulary is on this machine, or it isn't known")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    @counts_for("bronze")
    def test_it_is_a_tokenizer(self, made: Any) -> None:
        """With a name and a `count`."""
        assert isinstance(made, Tokenizer), f"{made!r} has no method `count`"
        assert type(self).models, "name the models that it knows: models = (...)"

    @counts_for("bronze", is_evidence=True)
    def test_it_counts_the_tokens_of_the_models_it_knows(self, made: Tokenizer) -> None:
        """At least one for a text, and never more than it has bytes."""
        for model in type(self).models:
            for text in _TEXTS:
                found = made.count(text, model)
                most = len(text.encode(errors="replace")) + 3 * text.count("\ud800")
                assert found is not None, f"it doesn't know {model}, which `models` names"
                assert 0 < found <= most, f"{found} tokens for a text of {most} bytes: {text!r:.40}"

    @counts_for("bronze")
    def test_it_says_so_where_it_doesn_t_know_a_model(self, made: Tokenizer) -> None:
        """A guess isn't a count."""
        assert made.count("a", _UNKNOWN) is None, "it counts for a model that nobody has heard of"

    @counts_for("silver")
    def test_nothing_has_no_tokens(self, made: Tokenizer) -> None:
        """Which is how a vocabulary is loaded ahead of the calls."""
        assert [made.count("", model) for model in type(self).models] == [0] * len(type(self).models)

    @counts_for("silver")
    def test_more_text_has_more_tokens(self, made: Tokenizer) -> None:
        """Ten times as much has about ten times as many."""
        for model in type(self).models:
            one, ten = (made.count((WORDS + "\n") * times, model) or 0 for times in (1, 10))
            assert one * 9 <= ten <= one * 11, f"{one} tokens, and {ten} for ten times the text"

    @counts_for("gold")
    def test_it_is_quick(self, made: Tokenizer) -> None:
        """It is asked before every call."""
        text = (WORDS + "\n") * 1_000
        for model in type(self).models:
            made.count("", model)
            start = time.perf_counter()
            made.count(text, model)
            took = time.perf_counter() - start
            assert took < _LONGEST_S, f"{len(text):,} characters take {took:.2f} s: the call waits for it"
