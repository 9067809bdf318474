"""The format of `catalog.yaml`, version 1: what a provider's package knows of plans, limits, models and prices.

The names of units are those of `modelscan.types.usage.Usage` (`input_tokens`, `images`, ...) and those that the file
itself declares; a currency (`USD`) is the unit of what may be spent. Amounts are exact: a number in the file is read
as `Decimal`, never as a float. `modelscan.catalog.reading` reads the file, and `docs/reference/catalog-format.md`
describes it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

FORMAT = 1

Name = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="Lower-case words joined by hyphens.")]
Unit = Annotated[str, Meta(pattern=r"^([a-z][a-z0-9_]*|[A-Z]{3})$", description="A unit of usage, or a currency.")]
Date = Annotated[
    str,
    Meta(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$", description="A day, or as much of it as is known."),
]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Hours and minutes: 16:30.")]
Anchor = Annotated[
    str,
    Meta(
        pattern=r"^$|^subscription$|^((mon|tue|wed|thu|fri|sat|sun|[1-9]|[12]\d|3[01]) )?([01]\d|2[0-3]):[0-5]\d$",
        description="When a period begins: empty for its natural beginning, '08:00', 'mon 08:00', '15 00:00', or "
        "'subscription' for the day on which the account's plan began.",
    ),
]
Amount = Decimal  # zero or more
Count = Annotated[int, Meta(ge=0)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Scope = Literal[
    "account",
    "organization",
    "project",
    "team",
    "subscription",
    "billing_account",
    "region",
    "model",
    "endpoint",
    "user",
]
Trust = Literal["official", "secondary", "unverified"]
Status = Literal["preview", "available", "deprecated", "retired"]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One mapping of the file. A key that it doesn't know is an error."""


class Source(Part, frozen=True, kw_only=True):
    """Where facts come from. `verified` is when somebody last read it there."""

    id: Name
    url: str = ""
    verified: Date
    trust: Trust = "official"
    note: str = ""


class Quirk(Part, frozen=True, kw_only=True):
    """Something about the vendor that surprises, in a sentence."""

    about: str
    source: str = ""


class BillingUnit(Part, frozen=True, kw_only=True):
    """A unit that only this vendor counts in."""

    name: Unit
    about: str


class PublishedLimit(Part, frozen=True, kw_only=True):
    """A limit as the vendor publishes it: a rolling rate, a gauge of what is under way, or a calendar quota.

    Without an `amount` there is a limit that the vendor doesn't publish. `models` are exact names or patterns with `*`;
    none means all. `is_shared` says that the models of the group draw on one amount, else each has its own. `burst` is
    how much may come at one moment where that is less. `counts` says which units of usage count and with what weight
    (`{input_tokens: 1, cached_tokens: -1}`; left out: the unit itself), and `admission` whether the vendor counts
    a call by what it used or, as it comes in, by the `max_output_tokens` that it asks for.
    """

    kind: Literal["rate", "gauge", "calendar"]
    unit: Unit
    amount: Amount | None = None
    window_s: Amount | None = None
    period: Literal["minute", "hour", "day", "week", "month", "year"] | None = None
    zone: str = "UTC"
    anchor: Anchor = ""
    scope: tuple[Scope, ...] = ("account",)
    models: tuple[str, ...] = ()
    is_shared: bool = False
    endpoints: tuple[str, ...] = ()
    region: str = ""
    burst: Amount | None = None
    counts: dict[Unit, Decimal] = {}
    admission: Literal["used", "asked"] = "used"
    more: dict[str, Any] = {}
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if (self.window_s is not None) != (self.kind == "rate"):
            raise ValueError("a `rate` has a `window_s`, and nothing else has")
        if (self.period is not None) != (self.kind == "calendar"):
            raise ValueError("a `calendar` limit has a `period`, and nothing else has")
        _not_negative(self.amount, self.burst)
        if self.window_s == 0:
            raise ValueError("a window isn't empty")


class Plan(Part, frozen=True, kw_only=True):
    """One of the vendor's plans or tiers, and its limits. At most one plan is the default.

    `monthly` is what it costs a month in `currency` before anything is used; left out where that isn't known.
    """

    id: str
    name: str = ""
    about: str = ""
    is_default: bool = False
    is_free: bool = False
    monthly: Amount | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    regions: tuple[str, ...] = ()
    source: str = ""
    limits: tuple[PublishedLimit, ...] = ()


class Hours(Part, frozen=True, kw_only=True):
    """Hours of the day, in a zone: from `start` until before `end`, past midnight where `end` is earlier."""

    start: Clock
    end: Clock
    zone: str = "UTC"
    days: tuple[Weekday, ...] = ()


class Prices(Part, frozen=True, kw_only=True):
    """Prices that hold together: per unit, for `per` of it (`per: 1000000` with `input_tokens: 3` is $3 a million).

    Of a unit a call is charged for `least` at least, and in whole steps of `step` (audio by the started second).
    They hold from `since` until the day before `until`, in `hours` (none: always), for calls with more than `above` of
    a unit (`above: {input_tokens: 200000}`), at a `tier` of service (`batch`, `flex`, `priority`), in a `region`, and
    for what `when` says (`{resolution: 1080p}`). Of the prices of a unit that hold, the most specific counts: the one
    with most conditions, then the higher `above`, then the later `since`.
    """

    units: Annotated[dict[Unit, Amount], Meta(min_length=1)]
    per: Annotated[int, Meta(gt=0)] = 1
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    least: dict[Unit, Amount] = {}
    step: dict[Unit, Amount] = {}
    since: Date | None = None
    until: Date | None = None
    hours: tuple[Hours, ...] = ()
    above: dict[Unit, Count] = {}
    tier: str = "standard"
    region: str = ""
    when: dict[str, str] = {}
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        _not_negative(*self.units.values())


class Factor(Part, frozen=True, kw_only=True):
    """Every price of a model times `factor`, in a region or at a tier of service."""

    factor: Amount
    region: str = ""
    tier: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not self.region and not self.tier:
            raise ValueError("a factor says where it holds: a `region`, a `tier`, or both")
        _not_negative(self.factor)


class Allowance(Part, frozen=True, kw_only=True):
    """What a plan includes: an amount of a unit per period or per call. Models of one `group` share it.

    What goes beyond is charged at the model's price, or at `overage` (money in `currency` for one) where that differs.
    """

    unit: Unit
    amount: Amount
    period: Literal["call", "day", "week", "month", "total"]
    group: str = ""
    plan: str = ""
    overage: Amount | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    source: str = ""

    def __post_init__(self) -> None:
        _not_negative(self.amount, self.overage)


class Model(Part, frozen=True, kw_only=True):
    """A model. `capabilities` are the operations it takes part in (`chat`, `embed`), `features` what it can do beyond.

    `more` keeps what the vendor says of a model and nothing here reads.
    """

    id: Annotated[str, Meta(min_length=1)]
    name: str = ""
    family: str = ""
    aliases: tuple[str, ...] = ()
    status: Status = "available"
    capabilities: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    context_tokens: Count | None = None
    usable_context_tokens: Count | None = None
    max_input_tokens: Count | None = None
    max_output_tokens: Count | None = None
    cache_min_tokens: Count | None = None
    dimensions: Count | None = None
    released: Date | None = None
    retires: Date | None = None
    knowledge: Date | None = None
    regions: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    prices: tuple[Prices, ...] = ()
    factors: tuple[Factor, ...] = ()
    free: tuple[Allowance, ...] = ()
    source: str = ""
    more: dict[str, Any] = {}


class Catalog(Part, frozen=True, kw_only=True):
    """The whole of a `catalog.yaml`."""

    format: Literal[1]
    provider: Name
    name: str = ""
    sources: tuple[Source, ...] = ()
    quirks: tuple[Quirk, ...] = ()
    units: tuple[BillingUnit, ...] = ()
    plans: tuple[Plan, ...] = ()
    models: tuple[Model, ...] = ()


def _not_negative(*amounts: Decimal | None) -> None:
    if any(amount is not None and not amount >= 0 for amount in amounts):
        raise ValueError("an amount is zero or more")
