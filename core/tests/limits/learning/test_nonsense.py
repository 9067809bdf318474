"""Whatever a server sends, reading it raises nothing, and what it gives makes sense."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import ProviderError
from modelscan.limits.learning import DIALECTS, Learned, LimitReport, read_limits, read_refusal

NOW_S = 1_785_693_600.0
PLAUSIBLE = st.one_of(
    st.integers(min_value=-5, max_value=2**70).map(str),
    st.floats().map(str),
    st.dates().map(str),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    st.lists(st.sampled_from(["1", "6", "m", "s", "ms", "h", ".", "-"]), max_size=6).map("".join),
    st.lists(st.sampled_from(['"a"', "r=1", "q=5", "w=60", ";", ",", "qu=", '"', "limit=3", "5"]), max_size=9).map(
        "".join
    ),
    st.text(max_size=60),
)
WORDS = ["Limit", "30000", "1,000", ",", ":", "Used", "Requested", "tokens per min", "requests per day", "3 RPM", "of "]
BODY = st.one_of(
    st.binary(max_size=80),
    st.lists(st.sampled_from(WORDS), max_size=12).map(lambda words: " ".join(words).encode()),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), PLAUSIBLE),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["error", "metadata", "headers", "retry_after", "details", "quotaId", "message"]), inner
            ),
        ),
        max_leaves=8,
    ).map(lambda value: msgspec.json.encode(value) + b' "quota" "headers"'),
)


def check(report: LimitReport) -> None:
    assert report.limit is None or report.limit > 0
    assert report.remaining is None or report.remaining >= 0
    assert report.used is None or 0 <= report.used <= (report.limit or 0)
    assert report.reset_s is None or 0 <= report.reset_s <= 366 * 86400
    assert report.window_s is None or 0 < report.window_s <= 366 * 86400
    assert (report.limit, report.remaining) != (None, None)


@given(st.data(), st.sampled_from(sorted(DIALECTS)), st.sampled_from([200, 202, 429, 503]), BODY)
def test_headers_of_any_value_are_read_or_passed_over(
    data: st.DataObject, dialect: str, status: int, body: bytes
) -> None:
    names = [*DIALECTS[dialect], "date", "x-other"]
    headers = data.draw(st.lists(st.tuples(st.sampled_from(names), PLAUSIBLE), max_size=8))
    learned = Learned()
    for report in read_limits(dialect, tuple(headers), status, NOW_S, body):
        check(report)
        learned.note("a", "m", report, NOW_S)
    for limit in learned.limits("a", "m", NOW_S):
        limit.as_limit()


@given(st.text(max_size=80), BODY, st.sampled_from(sorted(DIALECTS)))
def test_errors_of_any_words_are_read_or_passed_over(message: str, body: bytes, dialect: str) -> None:
    refusal = read_refusal(ProviderError(message, body=body), dialect, NOW_S)
    assert refusal.retry_after_s is None or refusal.retry_after_s >= 0
    for report in refusal.reports:
        check(report)
