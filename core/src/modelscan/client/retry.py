"""When an attempt is worth repeating, and after how long."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from modelscan.contracts.http import Repeat
from modelscan.errors import LimitError, ModelScanError, ProviderError, StreamCutError, TransportError


class RetryPolicy(msgspec.Struct, frozen=True):
    """Full-jitter exponential backoff that honours what the provider asks for.

    A retry waits a random time between zero and `base_s` doubled with each attempt, `cap_s` at most; where the provider
    names a time (`retry-after`, `retry-after-ms`), never less than that. A time beyond `longest_wait_s` ends the call.
    """

    max_attempts: int = 4
    base_s: float = 0.5
    cap_s: float = 8.0
    longest_wait_s: float = 120.0
    random: Callable[[], float] = random.random

    def wait_s(self, error: ModelScanError, failures: int) -> float | None:
        """Seconds to wait after this many failures; None to give up."""
        if failures >= self.max_attempts:
            return None
        jitter = self.random() * min(self.cap_s, self.base_s * float(2 ** (failures - 1)))
        asked = error.retry_after_s
        wait = jitter if asked is None else asked + jitter * 0.1
        return wait if wait <= self.longest_wait_s else None


def is_worth_repeating(error: ModelScanError, repeat: Repeat, *, has_key: bool, was_sent: bool) -> bool:
    """Whether the same request may be sent once more after this error.

    What the provider answered decides by its class; a lost answer (`send`, `wait`, `read`, a cut stream) only where the
    request may be carried out twice: `safe`, or `keyed` with an idempotency key. A limit's refusal isn't repeated here:
    the limiter has done the waiting.
    """
    may_send_twice = not was_sent or repeat == "safe" or (repeat == "keyed" and has_key)
    if isinstance(error, TransportError):
        return error.phase == "connect" or may_send_twice
    if isinstance(error, StreamCutError):
        return may_send_twice
    if isinstance(error, ProviderError):
        return error.retryable
    return error.retryable and not isinstance(error, LimitError)
