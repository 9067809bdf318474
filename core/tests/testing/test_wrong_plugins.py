"""Each plugin that is wrong on purpose fails its suite, with a message that names its fault."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
EXPECTED: Mapping[str, tuple[str, str]] = {
    "TestBlocks": ("test_writing_and_reading_take_no_time", "blocks for 0.1"),
    "TestBreaksOnNull": ("test_a_null_or_absent_field_is_read_or_refused", "a text with usage null raises TypeError"),
    "TestChangesTheRequest": ("test_a_request_isn_t_changed_by_being_written", "changes the caller's request"),
    "TestDropsAField": ("test_no_field_is_dropped_in_silence", "dropped in silence: chat.temperature."),
    "TestIgnoresACut": ("test_a_stream_that_is_cut_raises", "the cut of a text after 0 events is ignored"),
    "TestIsRandom": ("test_the_same_request_is_written_the_same_each_time", "not deterministic"),
    "TestLeaksTheKey": ("test_a_request_holds_no_secret", "leaks the key: it is in the address"),
    "TestLosesTheLastEvent": ("test_a_streamed_answer_is_read_as_it_was_meant", "output tokens: 0 instead of 7"),
    "TestOpensASocket": ("test_its_import_has_no_side_effects", "done by an import: it opens a socket"),
    "TestSplitsUtf8": ("test_any_split_of_the_bytes_gives_the_same_chunks", "bytes of a character"),
    "TestSwallowsAnError": ("test_every_status_from_400_is_an_error_of_its_class", "the status 400 with the body b''"),
    "TestSwallowsAnErrorInMidStream": ("test_an_error_in_mid_stream_is_raised", "is swallowed"),
    "TestSwapsUsage": ("test_a_whole_answer_is_read_as_it_was_meant", "input tokens: 7 instead of 11"),
    "TestGoesElsewhere": ("test_a_request_goes_to_a_declared_address", "goes to https://elsewhere.example.net"),
    "TestMisnamesErrors": (
        "test_every_status_from_400_is_an_error_of_its_class",
        "is a ServerError instead of BadRequestError",
    ),
    "TestLosesTheWords": ("test_the_vendor_s_words_are_kept", "the error of status 400 lost the vendor's words"),
    "TestBreaksOnANewEvent": (
        "test_unknown_events_change_nothing",
        "can't be read with an unknown event before event 0",
    ),
    "TestBoundsTooLow": ("test_a_bound_is_never_below_what_is_used", "may use 333 output tokens; the bound says 100"),
    "TestReadsTheKeyAtImport": ("test_its_import_has_no_side_effects", "it reads the key WRONG_KEY"),
    "TestShowsTheKey": (
        "test_no_scheme_and_no_request_shows_the_key_in_its_repr",
        "the scheme 'default' leaks the key",
    ),
    "TestStreamsAnotherAnswer": ("test_whole_and_streamed_answers_are_the_same", "model is"),
    "TestWritesAnotherWord": (
        "test_requests_fit_the_vendor_s_schema",
        "chat with temperature isn't what the vendor's schema says, at $",
    ),
    "TestEternalCache": ("test_a_value_lives_as_long_as_it_may", "a value outlives its ttl_s"),
    "TestInventiveStrategy": (
        "test_it_ranks_what_it_was_given",
        "made up candidates that it wasn't given: elsewhere/better",
    ),
    "TestGuessingTokenizer": (
        "test_it_says_so_where_it_doesn_t_know_a_model",
        "it counts for a model that nobody has heard of",
    ),
    "TestWorstFirstStore": ("test_the_nearest_come_first", "the nearest aren't first"),
    "TestForgetfulFilter": ("test_a_stream_is_checked_as_the_whole_is", "shows 'before Mellon after' instead of"),
    "TestImpatientLimiter": ("test_a_wait_is_no_time_or_some_or_forever", "a wait of -1.0 s is less than none"),
    "TestBoastfulLimiter": ("test_a_gauge_holds_what_is_under_way", "more is granted than provider/"),
    "TestClumsyHooks": ("test_a_call_goes_through", "a hook fails"),
}
"""The test that must fail first of all, and what it must say."""
OF_OTHER_KINDS = 8


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """By suite and test: what each failed test said."""
    report = tmp_path_factory.mktemp("wrong") / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    run = subprocess.run(
        [*command, str(FOLDER / "wrong" / "suites.py")],
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER,
        env={**os.environ, "PYTHONPATH": str(FOLDER)},
    )
    assert run.returncode == 1, run.stdout + run.stderr
    found: dict[str, dict[str, str]] = {}
    for case in ET.parse(report).iter("testcase"):
        suite = found.setdefault(case.attrib["classname"].rpartition(".")[2], {})
        for failure in case.iter("failure"):
            suite[case.attrib["name"]] = failure.attrib["message"]
    return found


@pytest.mark.parametrize("suite", EXPECTED)
def test_a_wrong_plugin_fails_with_a_message_that_names_its_fault(
    failures: Mapping[str, Mapping[str, str]], suite: str
) -> None:
    test, message = EXPECTED[suite]
    assert test in failures[suite], f"it passed; these failed: {sorted(failures[suite])}"
    assert message in failures[suite][test]


def test_every_wrong_plugin_is_tried(failures: Mapping[str, Mapping[str, str]]) -> None:
    modules = {path.stem for path in (FOLDER / "wrong").glob("*.py")} - {"__init__", "suites", "policies"}
    assert {suite for suite, failed in failures.items() if failed} == EXPECTED.keys()
    assert len(modules) == len(EXPECTED) - OF_OTHER_KINDS
