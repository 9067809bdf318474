"""What observers see of a call: its attempts and how they ended."""

from __future__ import annotations

from typing import Any

import msgspec

from modelscan.types.accounts import Candidate
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED, Usage


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at one candidate. `number` counts from 1 over all candidates of the call `call_id`."""

    number: int
    candidate: Candidate
    call_id: str


class AttemptWatch(msgspec.Struct, frozen=True):
    """What an observer returns when an attempt starts: its own `state`, and headers to add to the request.

    The headers are for trace context; one that the provider's codec or the auth scheme sets wins over them.
    """

    state: Any = None
    headers: tuple[tuple[str, str], ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a call or an attempt ended: with `error`, or without one.

    `attempts` is how many there were (of an attempt: its number). `reply` is the reply Struct, None where the call
    failed, and for a stream that was closed before its end. `duration_s` includes waiting and retries.
    """

    duration_s: float
    attempts: int
    error: BaseException | None = None
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    reply: Any = None
