"""What a stream is charged that was left or cut before the provider said what it took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from modelscan.accounting.estimates.contents import Contents

if TYPE_CHECKING:
    from modelscan.accounting.estimates.estimator import Estimate
    from modelscan.contracts.provider import CutStream
    from modelscan.types.chat import ChatReply
    from modelscan.types.money import Certainty
    from modelscan.types.usage import Usage


class Charge(NamedTuple):
    """What a call is charged, and how sure that is."""

    usage: Usage
    certainty: Certainty


def charge_of_cut(
    rule: CutStream, estimate: Estimate, reply: ChatReply[None], bound: Mapping[str, int | None]
) -> Charge:
    """The usage to charge for a stream that ended early; `reply` is what had arrived, folded.

    `rule` is the provider's `cut_stream`. `arrived`: the input as it was reported or else estimated, the output as many
    tokens as came, by the larger of the report and the text. `all` and `unknown`: what `bound` says, and the input as
    it was reported. A unit without a bound is estimated. Reasoning that a model keeps to itself can't be counted as it
    arrives: then the output is its bound too.
    """
    reported = reply.usage
    read = reported.input_tokens or estimate["input_tokens"]
    written = max(reported.output_tokens, _tokens_in(estimate, reply))
    if rule == "arrived" and not _hides(estimate, reply):
        usage = msgspec.structs.replace(reported, input_tokens=read, output_tokens=written, is_reported=True)
        return Charge(usage, "estimated")
    bounded = {unit: most for unit, most in bound.items() if most is not None and unit not in _COUNTED_ONCE}
    if reported.input_tokens:
        bounded["input_tokens"] = reported.input_tokens
        bounded |= {unit: getattr(reported, unit) for unit in _PARTS_OF_INPUT}
    is_bound = {"input_tokens", "output_tokens"} <= bounded.keys()
    known = {"input_tokens": read, "output_tokens": max(written, estimate["output_tokens"])} | bounded
    usage = msgspec.structs.replace(reported, **known, is_reported=True)
    return Charge(usage, "bound" if is_bound else "estimated")


_COUNTED_ONCE = frozenset({"requests"})
_PARTS_OF_INPUT = ("cached_tokens", "cache_write_tokens", "cache_write_1h_tokens")


def _tokens_in(estimate: Estimate, reply: ChatReply[None]) -> int:
    contents = Contents()
    for message in (reply.message, *(choice.message for choice in reply.alternatives)):
        contents.add(message.content)
    spoken = math.ceil(sum(tokens for _, tokens in contents.load))
    return spoken + estimate.tokens_in("".join(contents.texts))


def _hides(estimate: Estimate, reply: ChatReply[None]) -> bool:
    """Whether the model may have thought what nobody was shown."""
    return (estimate.asked.reasons or estimate.learned.has_reasoned) and not reply.message.reasoning
