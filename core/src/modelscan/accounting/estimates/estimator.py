"""Estimates before a call, learned from the replies of the calls before it."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from modelscan.accounting.estimates.features import COUNTED, Load, load_of_text
from modelscan.accounting.estimates.learned import Learned
from modelscan.accounting.estimates.requests import Asked, asked_by

if TYPE_CHECKING:
    from modelscan.contracts.operations import Tokenizer
    from modelscan.types.usage import Usage

FIRST_OUTPUT_TOKENS: Final = 1_024
"""How long an answer is taken to be before a model has given one, where no lower cap is known."""

_MODELS: Final = 512
_LEARNED_ONE_BY_ONE: Final = 256
_SAMPLED_EACH: Final = 8  # what many replies have taught, each of many more changes little
_COUNTED_CHARACTERS: Final = 60_000
"""A tokenizer counts no more of a text: it would hold up the event loop. What is left is estimated."""


class Estimate(dict[str, int]):
    """What a call will probably take, by unit; 95 of 100 calls take no more.

    `requests`, `input_tokens`, `output_tokens` and `tokens` are always there; the others where the request has them:
    `characters`, `seconds`, `images`, `searches`. `Estimator.learn` wants it back with what the call took.
    """

    __slots__ = ("asked", "learned", "load", "model", "tokenizer")

    asked: Asked
    learned: Learned
    load: Load
    model: str
    tokenizer: Tokenizer | None

    def tokens_in(self, text: str) -> int:
        """About how many tokens a text has for the call's model, rather too many than too few."""
        learned = self.learned
        return math.ceil(learned.tokens(_load_of(text, self.model, self.tokenizer)) * learned.margins.value)


class Estimator:
    """Estimates what calls will take. Keeps what it learned of the 512 models that were used last."""

    def __init__(self, *, models: int = _MODELS) -> None:
        self._most_models = models
        self._models: OrderedDict[str, Learned] = OrderedDict()

    def estimate(
        self, request: Any, model: str, *, tokenizer: Tokenizer | None = None, max_output_tokens: int | None = None
    ) -> Estimate:
        """What a call of the model with this request will probably take; `request` is of any type that a call has.

        `model` is its full name (`provider/model`). `max_output_tokens` is the most that the model can answer, where
        that is known. A `tokenizer` counts the text where it knows the model.
        """
        learned = self._learned(model)
        asked = asked_by(request)
        load = _load_of(asked.text, model, tokenizer) + asked.load if asked.text else asked.load
        read = round(learned.tokens(load) * learned.margins.value)
        written = round(_length(learned, asked, max_output_tokens)) * asked.answers
        estimate = Estimate(requests=1, input_tokens=read, output_tokens=written, tokens=read + written)
        estimate.update(asked.units)
        estimate.asked, estimate.learned, estimate.load = asked, learned, load
        estimate.model, estimate.tokenizer = model, tokenizer
        return estimate

    def learn(self, estimate: Estimate, usage: Usage) -> None:
        """The call took this. Nothing is learned where the provider reported nothing."""
        if not usage.is_reported:
            return
        learned = estimate.learned
        learned.calls += 1
        if learned.calls > _LEARNED_ONE_BY_ONE and learned.calls % _SAMPLED_EACH:
            return
        if usage.input_tokens:
            learned.learn(estimate.load, usage.input_tokens)
        if answers := estimate.asked.answers:
            learned.lengths.add(usage.output_tokens / answers)
        if usage.reasoning_tokens:
            learned.has_reasoned = True

    def _learned(self, model: str) -> Learned:
        learned = self._models.get(model)
        if learned is None:
            learned = self._models[model] = Learned(FIRST_OUTPUT_TOKENS)
            if len(self._models) > self._most_models:
                self._models.popitem(last=False)
        else:
            self._models.move_to_end(model)
        return learned


def _load_of(text: str, model: str, tokenizer: Tokenizer | None) -> Load:
    counted = None if tokenizer is None else tokenizer.count(text[:_COUNTED_CHARACTERS], model)
    if counted is None:
        return load_of_text(text)
    rest = text[_COUNTED_CHARACTERS:]
    return [(COUNTED, float(counted)), *(load_of_text(rest) if rest else ())]


def _length(learned: Learned, asked: Asked, max_output_tokens: int | None) -> float:
    length = learned.lengths.value
    if asked.most_each is not None and asked.most_each < length:
        length = asked.most_each
    if max_output_tokens is not None and max_output_tokens < length:
        length = max_output_tokens
    return length
