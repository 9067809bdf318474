"""What a refusal says of limits: in how long to come again, whether that helps at all, and which limit was passed.

A provider's `Errors` has read the error already: its class, its wait, its message. `modelscan.limits.learning.wording`
reads its words for figures.
"""

from __future__ import annotations

import msgspec

from modelscan.errors import ProviderError, QuotaExceededError
from modelscan.limits.learning.reports import LimitReport


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider's refusal means for the calls to come.

    `retry_after_s` is how long it asks to wait; None where it doesn't tell. `reports` are the limits that it tells of.
    `is_quota` says that waiting doesn't mend it (no credit, a day's quota, a spend limit), and `is_too_large` that this
    request alone asks for more than the limit.
    """

    retry_after_s: float | None
    reports: tuple[LimitReport, ...] = ()
    is_quota: bool = False
    is_too_large: bool = False


def read_refusal(error: ProviderError, dialect: str = "", now_s: float = 0.0) -> Refusal:
    """What an error of the provider says of limits, whatever its class; `dialect` and `now_s` as for `read_limits`."""
    from modelscan.limits.learning.wording import is_too_large, told_limits, wait_of

    body = error.body or error.message.encode("utf-8", "replace")
    wait_s = error.retry_after_s
    return Refusal(
        retry_after_s=wait_of(error.message, body) if wait_s is None else wait_s,
        reports=told_limits(body, dialect=dialect, now_s=now_s),
        is_quota=isinstance(error, QuotaExceededError),
        is_too_large=is_too_large(error.message),
    )
