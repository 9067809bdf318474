"""Planning: the quotas that calls of one account to one model touch, from what is given, known and learned.

Limits that the user gave for a provider stand instead of the catalog's. A limit that the provider itself told of, in a
header or a refusal, stands instead of the same limit of the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from math import floor
from typing import Final

import attrs
import msgspec

from modelscan.accounting.budgets import PERIODS
from modelscan.catalog.answers import KnownLimit
from modelscan.catalog.format import PublishedLimit
from modelscan.contracts.limiter import Quota
from modelscan.limits.learning.learned import LearnedLimit
from modelscan.limits.learning.reports import LimitReport
from modelscan.limits.metering import Metered, weights_of
from modelscan.types.accounts import Account
from modelscan.types.limits import Limit

UNCONFIRMED_HEADROOM: Final = 0.95
_CAPABILITIES: Final = {  # what vendors call the endpoints of their limits
    "/v1/batches": "batch",
    "agent": "realtime",
    "asr": "transcription",
    "audio-transcriptions": "transcription",
    "embed-images": "embed",
    "embeddings": "embed",
    "fast-transcription": "transcription",
    "listen-prerecorded": "transcription",
    "listen-stream": "realtime",
    "live": "realtime",
    "pre-recorded": "transcription",
    "speak": "speech",
    "streaming": "realtime",
    "stt": "transcription",
    "stt-realtime": "realtime",
    "text-generation": "chat",
    "text-to-image": "image",
    "tokenize": "count_tokens",
    "transcript": "transcription",
    "tts": "speech",
    "voice-live-connections": "realtime",
}
_OF_ACCOUNT: Final = ("account", "model", "organization", "project", "region")
_ANY: Final = "default"
_BURST: Final = "|burst"


@attrs.frozen
class Subject:
    """Whose calls are planned for: an account, a model of its provider, a capability.

    `model_key` is `provider/model`, and `gates` what a provider's `retry-after` shuts: the model, of this account.
    """

    account: Account
    model: str
    capability: str = "chat"
    model_key: str = attrs.field(init=False)
    gates: tuple[str, ...] = attrs.field(init=False)

    @model_key.default
    def _model_key(self) -> str:
        return f"{self.account.provider}/{self.model}"

    @gates.default
    def _gates(self) -> tuple[str, ...]:
        return (self.account.key, f"{self.account.key}/{self.model}")


def planned(
    subject: Subject,
    *,
    given: Sequence[Limit] = (),
    known: Sequence[KnownLimit] = (),
    learned: Iterable[LearnedLimit] = (),
    headroom: float | None = None,
    tags: Mapping[str, str] | None = None,
) -> tuple[Metered, ...]:
    """The quotas of a subject's calls, each with its meter.

    `headroom` is the part of a vendor's limit that is used; None takes all of what the provider confirmed, and 95% of
    what only the catalog says. What the user gave is used whole.
    """
    if given:
        metered = [_of_given(subject, limit, tags or {}) for limit in given]
    else:
        known = [each for each in known if _concerns(each.limit, subject, known)]
        metered = [one for each in known for one in _of_known(subject, each, headroom)]
        for each in learned:
            metered = _with_learned(metered, subject, each, headroom)
    return _each_once(metered)


def _each_once(metered: Iterable[Metered]) -> tuple[Metered, ...]:
    """Of those that count the same in one place, the smallest: whoever keeps to it keeps to the others."""
    by_key: dict[str, Metered] = {}
    for each in metered:
        other = by_key.get(each.quota.key)
        if other is None or each.quota.amount < other.quota.amount:
            by_key[each.quota.key] = each
    return tuple(by_key.values())


def of_plan(account: Account, known: Sequence[KnownLimit], headroom: float | None = None) -> tuple[Metered, ...]:
    """The quotas of a whole plan; where each of several models has its own, one stands for all of them."""
    subjects = [(Subject(account, "+".join(each.limit.models)), each) for each in known]
    return tuple(metered for subject, each in subjects for metered in _of_known(subject, each, headroom))


def tag_names(limits: Iterable[Limit]) -> tuple[str, ...]:
    """The words of limits' scopes that are no facts of an account: tags, and `user`."""
    return tuple(dict.fromkeys(name for limit in limits for name in limit.scope if name not in _OF_ACCOUNT))


def _of_given(subject: Subject, limit: Limit, tags: Mapping[str, str]) -> Metered:
    account = subject.account
    owner = _owner(account, limit.scope)
    shared = ":".join(f"{name}={_value(name, subject, tags)}" for name in limit.scope)
    quota = Quota(
        key=f"{owner}|given|{limit.unit}|{limit.window_s or limit.per or 'gauge'}|{limit.zone}|{shared}",
        kind=limit.kind,
        unit=limit.unit,
        amount=limit.amount,
        account=owner,
        window_s=limit.window_s or 0.0,
        period=PERIODS.get(limit.per or "", "day"),
        zone=limit.zone,
    )
    models = subject.model if "model" in limit.scope else ""
    return Metered(quota=quota, weights=weights_of(limit.unit, {}), is_strict=limit.strict, models=models)


def _value(name: str, subject: Subject, tags: Mapping[str, str]) -> str:
    if name == "model":
        return subject.model
    return str(getattr(subject.account, name, "")) if name in _OF_ACCOUNT else tags.get(name, "")


def _of_known(subject: Subject, known: KnownLimit, headroom: float | None) -> Iterator[Metered]:
    limit = known.limit
    if limit.amount is None or limit.unit.isupper():  # unpublished; or what the account may spend, elsewhere too
        return
    part = UNCONFIRMED_HEADROOM if headroom is None else headroom
    owner = _owner(subject.account, limit.scope)
    quota = Quota(
        key=f"{owner}|{limit.unit}|{limit.window_s or limit.period or 'gauge'}"
        f"|{_group(subject, limit)}|{','.join(limit.endpoints)}|{','.join(limit.counts)}",
        kind=limit.kind,
        unit=limit.unit,
        amount=_part(int(limit.amount), part),
        account=owner,
        window_s=float(limit.window_s or 0),
        period=limit.period or "day",
        zone=limit.zone,
        anchor="" if limit.anchor == "subscription" else limit.anchor,
    )
    weights = weights_of(limit.unit, limit.counts)
    asked = limit.admission == "asked"
    metered = Metered(
        quota=quota,
        weights=weights,
        counts_asked=asked,
        origin="catalog",
        models=_group(subject, limit),
        freshness=known.freshness,
    )
    yield metered
    if limit.kind == "rate" and limit.burst and limit.amount and limit.burst < limit.amount:
        # As much as a full bucket, in the time in which it fills again.
        burst = msgspec.structs.replace(
            quota,
            key=f"{quota.key}{_BURST}",
            amount=_part(int(limit.burst), part),
            window_s=float((limit.window_s or 0) * limit.burst / limit.amount),
        )
        yield attrs.evolve(metered, quota=burst)


def _owner(account: Account, scope: Sequence[str]) -> str:
    """Who has the limit: accounts of one organization share what is the organization's."""
    if "organization" in scope and account.organization and "project" not in scope:
        return f"{account.provider}@{account.organization}"
    return account.key


def _group(subject: Subject, limit: PublishedLimit) -> str:
    """Which models draw on one amount."""
    if limit.models and limit.is_shared:
        return "+".join(limit.models)
    return subject.model if limit.models or "model" in limit.scope else ""


def _part(amount: int, headroom: float) -> int:
    return max(1, floor(amount * headroom))


def _concerns(limit: PublishedLimit, subject: Subject, all_of_plan: Sequence[KnownLimit]) -> bool:
    if limit.models and not any(fnmatchcase(subject.model, pattern) for pattern in limit.models):
        return False
    if limit.region and subject.account.region and limit.region != subject.account.region:
        return False
    if not limit.endpoints:
        return True
    if limit.endpoints == (_ANY,):
        own = (each.limit for each in all_of_plan if each.limit.unit == limit.unit)
        return not any(_is_for(other, subject.capability) for other in own)
    return _is_for(limit, subject.capability)


def _is_for(limit: PublishedLimit, capability: str) -> bool:
    return any(_CAPABILITIES.get(endpoint, endpoint) == capability for endpoint in limit.endpoints)


def _with_learned(
    metered: list[Metered], subject: Subject, learned: LearnedLimit, headroom: float | None
) -> list[Metered]:
    """The quotas with one more, or with another amount where the catalog has the same limit."""
    amount = _part(learned.amount, 1.0 if headroom is None else headroom)
    if any(is_of(each.quota, learned) for each in metered):
        # Where a project and its organization have one each, the smaller is met first.
        return [
            attrs.evolve(
                each,
                quota=msgspec.structs.replace(
                    each.quota, amount=min(amount, each.quota.amount) if each.origin == "learned" else amount
                ),
                origin="learned",
            )
            if is_of(each.quota, learned)
            else each
            for each in metered
        ]
    window = learned.window_s or learned.period or "gauge"
    model = subject.model if "model" in learned.scope else ""
    quota = Quota(
        key=f"{subject.account.key}|learned|{learned.unit}|{window}|{model}",
        kind=learned.kind,
        unit=learned.unit,
        amount=amount,
        account=subject.account.key,
        window_s=learned.window_s or 0.0,
        period=learned.period or "day",
        zone=learned.zone,
    )
    return [*metered, Metered(quota=quota, weights=weights_of(learned.unit, {}), origin="learned", models=model)]


def is_of(quota: Quota, report: LimitReport | LearnedLimit) -> bool:
    """Whether a response's report is about a quota."""
    if (quota.unit, quota.kind) != (report.unit, report.kind) or quota.key.endswith(_BURST):
        return False
    if report.kind == "rate":
        return quota.window_s == report.window_s
    return report.kind == "gauge" or quota.period == report.period
