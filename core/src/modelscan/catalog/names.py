"""Names of models as people write them, and those under which the catalog may have them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from modelscan.errors import UnknownNameError

_DATE: Final = r"20\d{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])"
_DATED: Final = re.compile(rf"^(?P<name>.+?)(?:[-@:]v?{_DATE}|[-@:]latest|@default)(?P<rest>(?:-v\d+(?::\d+)?)?)$")
_SNAPSHOT: Final = re.compile(rf"^[-@:]v?{_DATE}(?:-v\d+(?::\d+)?)?$")


def split_name(name: str) -> tuple[str, str]:
    """The provider and the model of `provider/model`. Raises `UnknownNameError` for a name without a provider."""
    provider, slash, model = name.partition("/")
    if not slash or not provider or not model:
        raise UnknownNameError(
            f"{name!r} is no full name of a model", advice="Write it as provider/model, such as openai/gpt-4o-mini."
        )
    return provider, model


def undated(model: str) -> str:
    """The name without a date (`-2025-08-07`, `-20250929`, `@20250929`) or `-latest`; the same where it has neither.

    >>> undated("gpt-5-2025-08-07"), undated("claude-sonnet-4-5@20250929"), undated("gpt-5")
    ('gpt-5', 'claude-sonnet-4-5', 'gpt-5')
    """
    match = _DATED.match(model)
    return match["name"] if match else model


def newest_snapshot(model: str, known: Iterable[str]) -> str:
    """The latest of the known models that are this one with a date; empty where there is none."""
    return max((name for name in known if name.startswith(model) and _SNAPSHOT.match(name[len(model) :])), default="")


def unknown(kind: str, name: str, known: Iterable[str], *, provider: str = "", more: str = "") -> UnknownNameError:
    """The error for a name that the catalog doesn't have; it tells the nearest of those that it has."""
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        advice = f"Did you mean {' or '.join(near)}?"
    else:
        advice = f"It knows {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}." if names else ""
    advice = " ".join(filter(None, (advice, more)))
    return UnknownNameError(f"the catalog has no {kind} {name!r}", provider=provider, advice=advice)
