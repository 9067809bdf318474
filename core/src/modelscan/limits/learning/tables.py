"""Which header tells what of which counter, for every vendor whose names are known.

Most names can be understood whoever sends them, and stand in `COMMON`; a dialect holds what its vendor means otherwise.
Sources, with their dates, are in docs/reference/limit-headers.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelscan.limits.learning.counter import DAY_S, HOUR_S, MINUTE_S, Counter, Field, Names
from modelscan.limits.learning.readings import by_reset, refilled, renewed
from modelscan.limits.learning.reports import Period
from modelscan.limits.learning.structured import ietf, listed

_FIELDS: Final[tuple[Field, ...]] = ("limit", "remaining", "reset")
_STEMS: Final = {
    "req": "requests",
    "requests": "requests",
    "tokens": "tokens",
    "input-tokens": "input_tokens",
    "output-tokens": "output_tokens",
}
_WINDOWS_S: Final = {"second": 1.0, "10-second": 10.0, "minute": MINUTE_S, "hour": HOUR_S, "day": DAY_S}
_MONTH: Final[Period] = "month"
_ACCOUNT: Final = ("account",)

PAUSE: Final = Counter(name="retry-after", unit="requests", scope=("organization", "model"))
"""What `retry-after` tells on a good answer: that nothing more is to be had for so long."""


def _three(pattern: str, counter: Counter) -> Iterator[tuple[str, tuple[Counter, Field]]]:
    """The three headers of a counter; `{}` is where limit, remaining and reset stand in their names."""
    for field in _FIELDS:
        yield pattern.format(field), (counter, field)


def _x(stem: str, counter: Counter) -> Iterator[tuple[str, tuple[Counter, Field]]]:
    return _three(f"x-ratelimit-{{}}-{stem}", counter)


def _of_the_minute() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    """Names without a window: the minute's, but for vendors whose dialect says otherwise."""
    for stem, unit in (*_STEMS.items(), ("images", "images"), ("input-images", "input_images")):
        yield from _x(stem, Counter(name=f"x-ratelimit-{stem}", unit=unit, window_s=MINUTE_S))
    for stem in ("requests", "tokens"):
        scope = ("project", "model")
        name = f"project-{stem}"
        yield from _x(name, Counter(name=f"x-ratelimit-{name}", unit=stem, window_s=MINUTE_S, scope=scope))


def _of_a_window() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    """Names that tell the window: Mistral, Cerebras, SambaNova, DigitalOcean (`-per-`), gateways such as Kong."""
    for window, window_s in _WINDOWS_S.items():
        for stem, unit in _STEMS.items():
            for name in (f"{stem}-{window}", f"{stem}-per-{window}"):
                yield from _x(name, Counter(name=f"x-ratelimit-{name}", unit=unit, window_s=window_s))
        counter = Counter(name=f"x-ratelimit-{window}", unit="requests", window_s=window_s, scope=_ACCOUNT)
        yield from _x(window, counter)
    for stem, unit in _STEMS.items():
        name = f"{stem}-month"
        yield from _x(name, Counter(name=f"x-ratelimit-{name}", unit=unit, kind="calendar", period=_MONTH))


def _by_size() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    """Mistral's until 2025."""
    minute = Counter(name="ratelimitbysize", unit="tokens", window_s=MINUTE_S)
    month = Counter(name="x-ratelimitbysize-month", unit="tokens", kind="calendar", period=_MONTH)
    yield from _three("ratelimitbysize-{}", minute)
    yield from _three("x-ratelimitbysize-{}-minute", minute)
    yield from _three("x-ratelimitbysize-{}-month", month)


def _anthropic() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    counters = {
        stem: Counter(name=f"anthropic-ratelimit-{stem}", unit=unit, window_s=MINUTE_S)
        for stem, unit in _STEMS.items()
        if stem not in ("req", "tokens")
    }
    # With input and output told apart, `tokens` is their sum, or a repetition of whichever is scarcer.
    counters["tokens"] = Counter(
        name="anthropic-ratelimit-tokens", unit="tokens", window_s=MINUTE_S, unless=counters["input-tokens"]
    )
    for stem, counter in counters.items():
        yield from _three(f"anthropic-ratelimit-{stem}-{{}}", counter)
    for stem in ("input-tokens", "output-tokens"):
        name = f"anthropic-priority-{stem}"
        counter = Counter(name=name, unit=_STEMS[stem], window_s=MINUTE_S, tier="priority")
        yield from _three(f"{name}-{{}}", counter)


def _unnamed() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    """Names that tell neither unit nor window: of requests, in the window of a policy where one stands beside them."""
    old = Counter(name="x-ratelimit", unit="requests", scope=_ACCOUNT, read=listed)
    yield from _three("x-ratelimit-{}", old)
    yield "x-ratelimit-policy", (old, "policy")
    new = Counter(name="ratelimit", unit="requests", scope=_ACCOUNT, read=ietf)
    yield from _three("ratelimit-{}", new)
    yield "ratelimit-policy", (new, "policy")
    yield "ratelimit", (new, "state")


def _elevenlabs() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    calls = Counter(name="concurrent-requests", unit="concurrent", kind="gauge", scope=_ACCOUNT)
    yield "maximum-concurrent-requests", (calls, "limit")
    yield "current-concurrent-requests", (calls, "used")


def _cohere() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    trial = Counter(name="x-trial-endpoint-call", unit="requests", window_s=MINUTE_S, scope=("account", "endpoint"))
    month = Counter(name="x-endpoint-monthly-call", unit="requests", kind="calendar", period=_MONTH, scope=_ACCOUNT)
    yield "x-trial-endpoint-call-limit", (trial, "limit")
    yield "x-trial-endpoint-call-remaining", (trial, "remaining")
    yield "x-endpoint-monthly-call-limit", (month, "limit")


_PAUSES: Final[Names] = {"retry-after": (PAUSE, "reset"), "retry-after-ms": (PAUSE, "reset")}

COMMON: Final[Names] = {
    **dict(_of_the_minute()),
    **dict(_of_a_window()),
    **dict(_by_size()),
    **dict(_anthropic()),
    **dict(_unnamed()),
    **dict(_elevenlabs()),
    **dict(_cohere()),
    **_PAUSES,
}


def _openai() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    for stem, unit in (("requests", "requests"), ("images", "images")):
        yield from _x(stem, Counter(name=f"x-ratelimit-{stem}", unit=unit, window_s=MINUTE_S, read=refilled))


def _azure() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    for unit in ("requests", "tokens"):
        counter = Counter(
            name=f"x-ratelimit-{unit}",
            unit=unit,
            window_s=MINUTE_S,
            scope=("subscription", "region", "model"),
            read=renewed,
        )
        yield from _x(unit, counter)
        yield f"x-ratelimit-renewalperiod-{unit}", (counter, "window")
        yield f"x-rate-limit-reset-{unit}", (counter, "reset")  # spelt so in late 2023


def _groq() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    yield from _x("requests", Counter(name="x-ratelimit-requests", unit="requests", window_s=DAY_S))


def _together() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    """Amounts of a second, of which two seconds' worth may be left: `remaining` may be twice the limit."""
    tokens = Counter(name="x-ratelimit-tokens", unit="tokens", window_s=1.0)
    yield from _three("x-ratelimit-{}", Counter(name="x-ratelimit", unit="requests", window_s=1.0))
    yield from _three("x-ratelimit-{}-tokens", tokens)
    yield from _three("x-tokenlimit-{}", tokens)


def _fireworks() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    """Told by the second, counted by the minute."""
    units = {
        "tokens-prompt": "input_tokens",
        "tokens-prompt-uncached": "uncached_input_tokens",
        "tokens-generated": "output_tokens",
    }
    for stem, unit in units.items():
        name = f"x-ratelimit-{stem}"
        yield from _x(stem, Counter(name=name, unit=unit, window_s=MINUTE_S, factor=60, scope=("account", "model")))


def _openrouter() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    yield from _three("x-ratelimit-{}", Counter(name="x-ratelimit", unit="requests", scope=_ACCOUNT, read=by_reset))


def _replicate() -> Iterator[tuple[str, tuple[Counter, Field]]]:
    counter = Counter(name="ratelimit", unit="requests", window_s=MINUTE_S, scope=("account", "endpoint"))
    yield from _three("ratelimit-{}", counter)


def _less(*names: str) -> Names:
    return {name: told for name, told in COMMON.items() if name not in names}


DIALECTS: Final[dict[str, Names]] = {
    "": COMMON,
    "none": {},
    "openai": {**COMMON, **dict(_openai())},
    "azure": {**COMMON, **dict(_azure())},
    "groq": {**COMMON, **dict(_groq())},
    # Every good answer of Together's has a `retry-after`, whatever is left: there it says nothing.
    "together": {**_less(*_PAUSES), **dict(_together())},
    "fireworks": {**COMMON, **dict(_fireworks())},
    "openrouter": {**COMMON, **dict(_openrouter())},
    "replicate": {**COMMON, **dict(_replicate())},
    # Its `x-ratelimit-*` of 2023 tell neither unit nor window, and a reset days in the past.
    "cohere": _less("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
    # Those whose names say it all.
    **dict.fromkeys(
        (
            "anthropic",
            "brave",
            "cerebras",
            "digitalocean",
            "elevenlabs",
            "huggingface",
            "mistral",
            "moonshot",
            "sambanova",
            "xai",
        ),
        COMMON,
    ),
}
"""Every dialect, by the name that `Provider.limit_headers` gives it."""
