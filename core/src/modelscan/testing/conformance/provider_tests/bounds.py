"""The meter: what a call can use at most, before it is sent."""

from __future__ import annotations

from modelscan.testing.conformance.examples import changed
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.samples import CHAT, CHAT_REPLIES, REQUESTS
from modelscan.testing.conformance.suite import counts_for, not_declared
from modelscan.types.usage import Usage

_TOKENS = 333


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


def _longer() -> object:
    return changed(CHAT, messages=CHAT.messages * 2)
