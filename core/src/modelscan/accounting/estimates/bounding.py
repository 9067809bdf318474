"""The most that a call can take: the provider's own bound, and beside it what is known of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelscan.accounting.estimates.requests import asked_by
from modelscan.types.tools import Tool

if TYPE_CHECKING:
    from modelscan.contracts.http import Target
    from modelscan.contracts.provider import Provider


def bound_of(
    provider: Provider,
    request: Any,
    target: Target,
    *,
    max_input_tokens: int | None = None,
    max_output_tokens: int | None = None,
) -> Mapping[str, int | None]:
    """The most that a call can take, per unit of `Usage`; None where there is no bound, and it can't be in a budget.

    `request` is of any type that a call has. The provider's meter bounds what it can, and so do the model's own limits,
    as far as they are known: no prompt is longer than `max_input_tokens` and no answer than `max_output_tokens`; but
    not where the vendor runs tools, which read and write as often as they like.
    """
    asked = asked_by(request)
    most: dict[str, int | None] = {"requests": asked.units.get("requests", 1)}
    most.update(provider.meter.bound(request, target) if provider.meter is not None else _UNKNOWN)
    if _has_tools_of_the_vendor(request):
        return most
    _cap(most, "input_tokens", max_input_tokens)
    _cap(most, "output_tokens", None if max_output_tokens is None else max_output_tokens * (asked.answers or 1))
    return most


_UNKNOWN: Mapping[str, int | None] = {"input_tokens": None, "output_tokens": None}


def _cap(most: dict[str, int | None], unit: str, limit: int | None) -> None:
    if limit is not None and unit in most:
        found = most[unit]
        most[unit] = limit if found is None else min(found, limit)


def _has_tools_of_the_vendor(request: Any) -> bool:
    return any(not isinstance(tool, Tool) for tool in getattr(request, "tools", ())) or bool(request.extra)
