"""Whether the catalog is sound: the file whole, what is named there, times in their order; and what is old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from modelscan.catalog.answers import Answer, Validation
from modelscan.catalog.coverage import Coverage, StaleRows, coverage, stale
from modelscan.catalog.database import Database
from modelscan.catalog.runs import now

if TYPE_CHECKING:
    import apsw

    from modelscan.catalog.catalog import Catalog

_HERE: Final = "WHERE x.provider = t.provider AND x.ended_at IS NULL"
_AMOUNTS: Final = {
    "rate_limits": ("value", "burst", "window_s"),
    "plan_metadata": ("monthly",),
    "provider_pricing": (
        *("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"),
        *("audio_input_tokens", "audio_output_tokens", "factor", "included_amount", "overage"),
    ),
}
_CHECKS: Final = (
    f"""SELECT provider, 'the limit ' || limit_type || ' is of the plan ' || quote(plan) || ', not there'
    FROM rate_limits AS t WHERE ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM plan_metadata AS x {_HERE} AND x.plan = t.plan)""",  # noqa: S608 - our own names
    f"""SELECT DISTINCT provider, 'what ' || model || ' includes is of the plan ' || quote(plan) || ', not there'
    FROM provider_pricing AS t WHERE kind = 'free' AND plan <> ''
    AND NOT EXISTS (SELECT 1 FROM plan_metadata AS x {_HERE} AND x.plan = t.plan)""",  # noqa: S608 - our own names
    """SELECT DISTINCT provider, 'the model ' || model || ' has prices and is not there' FROM provider_pricing AS t
    WHERE NOT EXISTS (SELECT 1 FROM models AS x WHERE x.provider = t.provider AND x.model = t.model)""",
    """SELECT provider, 'the alias ' || alias || ' is of the model ' || model || ', not there' FROM aliases AS t
    WHERE NOT EXISTS (SELECT 1 FROM models AS x WHERE x.provider = t.provider AND x.model = t.model)""",
    f"""SELECT provider, alias || ' is a model and an alias of ' || model FROM aliases AS t
    WHERE EXISTS (SELECT 1 FROM models AS x {_HERE} AND x.model = t.alias)""",  # noqa: S608 - our own names
    """SELECT provider, count(*) || ' plans are the default' FROM plan_metadata
    WHERE is_default AND ended_at IS NULL GROUP BY provider HAVING count(*) > 1""",
    """SELECT provider, 'a price of ' || model || ' ends on ' || valid_until || ' and begins on ' || valid_from
    FROM provider_pricing WHERE valid_until <= valid_from""",
    """SELECT provider, 'the model ' || model || ' has less context than is said to be usable' FROM models
    WHERE ended_at IS NULL AND usable_context_tokens > context_tokens""",
    *(
        f"""SELECT provider, 'a {column} of {table} is no amount: ' || {column} FROM {table}
    WHERE {column} GLOB '*[^0-9.E+-]*'"""  # noqa: S608 - our own names
        for table, columns in _AMOUNTS.items()
        for column in columns
    ),
)
"""Each finds rows that contradict others: the provider and what is wrong, in a sentence."""


class Problem(Answer, frozen=True, kw_only=True):
    """Something that contradicts something else. `provider` is empty where it concerns the file."""

    provider: str = ""
    text: str


class Verification(Answer, frozen=True, kw_only=True, omit_defaults=False):
    """What came of a verification. It is sound where there are no `problems`; `stale` is what should be read again."""

    at: dt.datetime
    problems: tuple[Problem, ...]
    coverage: tuple[Coverage, ...]
    stale: tuple[StaleRows, ...]

    @property
    def is_sound(self) -> bool:
        """Whether nothing contradicts anything."""
        return not self.problems


def verify(catalog: Catalog, providers: Collection[str] = (), *, today: dt.date | None = None) -> Verification:
    """Import what has changed, look at all rows of these providers or of all, and record that for each provider.

    Raises `UnknownNameError` for a provider that the catalog doesn't have.
    """
    known = coverage(catalog, providers, today=today)
    names = {one.provider for one in known}
    imports = [run for run in catalog.seed(names if providers else ()) if run.outcome == "failed"]
    problems = [Problem(provider=run.provider, text=text) for run in imports for text in run.problems]
    database = Database(catalog.path)
    try:
        found = database.read(_contradictions)
    finally:
        database.close()
    problems += [problem for problem in found if problem.provider in ("", *names)]
    result = Verification(
        at=now(),
        problems=tuple(problems),
        coverage=tuple(coverage(catalog, providers, today=today)),
        stale=tuple(stale(catalog, providers, today=today)),
    )
    for run in _runs(result):
        catalog.record(run)
    return result


def _contradictions(connection: apsw.Connection) -> list[Problem]:
    whole = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    found = [Problem(text=f"the file is damaged: {text}") for text in whole if text != "ok"]
    for check in _CHECKS:
        found += [Problem(provider=str(provider), text=str(text)) for provider, text in connection.execute(check)]
    return found


def _runs(result: Verification) -> list[Validation]:
    problems: Mapping[str, list[str]] = {one.provider: [] for one in result.coverage}
    for problem in result.problems:
        problems.get(problem.provider, []).append(problem.text)
    return [
        Validation(
            provider=one.provider,
            kind="verify",
            outcome="failed" if problems[one.provider] else "passed",
            source=one.version,
            at=result.at,
            checked=one.rows,
            problems=tuple(problems[one.provider]),
            more={"stale": one.stale, "unverified": one.unverified, "oldest": msgspec.to_builtins(one.oldest)},
        )
        for one in result.coverage
    ]
