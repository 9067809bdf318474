"""The meter: what a call can use at most, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from modelscan.errors import UnsupportedError
from modelscan.testing.conformance.examples import changed
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.samples import CHAT, CHAT_REPLIES, CHAT_WITH_TOOLS, REQUESTS
from modelscan.testing.conformance.suite import counts_for, not_declared
from modelscan.types.content import Image
from modelscan.types.messages import user
from modelscan.types.usage import Usage

_TOKENS: Final = 333
_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x04\x00\x00\x00\x04\x00"


class BoundTests(Fixtures):
    """Bounds, which hard budgets rely on."""

    @counts_for("silver")
    def test_bounds_are_units_of_usage_and_not_negative(self, subject: Subject) -> None:
        """For every capability that is an operation; None says that there is no bound."""
        meter = subject.provider.meter
        if meter is None:
            not_declared("it has no meter")
        for name in subject.provider.capabilities():
            if meter is None or REQUESTS.get(name) is None or name == "count_tokens":
                continue
            bound = meter.bound(REQUESTS[name], subject.target)
            strange = sorted(bound.keys() - set(Usage.__struct_fields__))
            assert not strange, f"the bound of {name} has units that Usage doesn't have: {', '.join(strange)}"
            assert all(most is None or most >= 0 for most in bound.values()), (
                f"the bound of {name} is negative: {bound}"
            )

    @counts_for("silver")
    def test_a_bound_is_never_below_what_is_used(self, subject: Subject) -> None:
        """More output is never used than may be asked for; input is at least a token for each few bytes."""
        meter = subject.provider.meter
        if meter is None or subject.provider.chat is None:
            not_declared("it has no meter for chat")
        assert meter is not None
        for name, (request, _) in CHAT_REPLIES.items():
            bound = meter.bound(changed(request, max_output_tokens=_TOKENS), subject.target)
            most = bound.get("output_tokens")
            assert most is None or most >= _TOKENS, f"{name} may use {_TOKENS} output tokens; the bound says {most}"
        short, long = (meter.bound(request, subject.target).get("input_tokens") for request in (CHAT, _longer()))
        if short is not None and long is not None:
            assert long > short, f"a prompt twice as long has the same bound of {long} input tokens"

    @counts_for("silver")
    def test_a_bound_counts_tools_and_every_answer(self, subject: Subject) -> None:
        """A tool's schema is part of the prompt, and of several answers each may be as long as the cap."""
        one = _bound_of(subject, max_output_tokens=_TOKENS)
        with_tool = _bound_of(subject, max_output_tokens=_TOKENS, tools=CHAT_WITH_TOOLS.tools).get("input_tokens")
        without = one.get("input_tokens")
        if with_tool is not None and without is not None:
            schema = len(msgspec.json.encode(CHAT_WITH_TOOLS.tools[0]))
            assert with_tool > without, f"a tool of {schema} bytes adds nothing to the bound of {without} input tokens"
        two = _bound_of(subject, max_output_tokens=_TOKENS, choices=2).get("output_tokens")
        assert two is None or two >= 2 * _TOKENS, f"two answers of {_TOKENS} tokens have a bound of {two}"

    @counts_for("silver")
    def test_a_picture_has_a_bound_or_none_wherever_its_bytes_are(self, subject: Subject) -> None:
        """A budget is asked before media are fetched: an address or a path is no error, and counts no less."""
        plain = _bound_of(subject).get("input_tokens")
        for picture in (Image(url="https://example.org/a.png"), Image(path="a.png"), Image(data=_PNG)):
            found = _bound_of(subject, messages=(user("What is it?", picture),)).get("input_tokens")
            if found is not None and plain is not None:
                assert found > plain, f"a picture adds nothing to the bound of {plain} input tokens"


def _bound_of(subject: Subject, **fields: Any) -> Mapping[str, int | None]:
    """The bound of a chat with these fields; nothing is known of one that the vendor can't express."""
    meter = subject.provider.meter
    if meter is None or subject.provider.chat is None:
        not_declared("it has no meter for chat")
    assert meter is not None
    try:
        return meter.bound(changed(CHAT, **fields), subject.target)
    except UnsupportedError:
        return {}


def _longer() -> object:
    return changed(CHAT, messages=CHAT.messages * 2)
