"""What every filter must do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec

from modelscan.contracts.policies import Filter, FilterVerdict
from modelscan.testing.conformance.policy_tests.made import CALL, MadeByName
from modelscan.testing.conformance.samples import CHAT, WORDS
from modelscan.testing.conformance.suite import counts_for, not_declared
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.messages import assistant, user

_SIZES = (1, 2, 3, 7, 1000)


class FilterSuite(MadeByName):
    """A filter checks both directions, whole and streamed: `filter = "name"`, or its class.

    `catches` are texts that it must not let pass as they are.
    """

    kind = "filter"
    filter: ClassVar[str | Callable[..., Filter]]
    catches: ClassVar[Sequence[str]] = ()

    @counts_for("bronze")
    def test_it_is_a_filter(self, made: Any) -> None:
        """Its factory gives one without any option beyond `options`."""
        assert isinstance(made, Filter), f"{made!r} has no method `open`"

    @counts_for("bronze", is_evidence=True)
    def test_a_request_and_a_reply_get_a_verdict(self, made: Filter) -> None:
        """Allow, replace by a value of the same kind, or block for a reason."""
        for text in (WORDS, "", *type(self).catches):
            session = made.open(CALL)
            request = ChatRequest(messages=(user(text),))
            _check(session.request(request), ChatRequest)
            _check(session.reply(_reply(text)), ChatReply)

    @counts_for("bronze")
    def test_what_it_must_catch_is_caught_in_both_directions(self, made: Filter) -> None:
        """Neither sent nor shown as it is."""
        if not type(self).catches:
            not_declared("the suite names nothing that it must catch (`catches`)")
        for text in type(self).catches:
            request = ChatRequest(messages=(user(text),))
            verdict = made.open(CALL).request(request)
            passes = verdict.action == "allow" or (verdict.action == "replace" and verdict.value == request)
            assert not passes, f"it lets a request with {text!r} pass as it is"
            answered = made.open(CALL).reply(_reply(text))
            assert answered.action != "allow", f"it lets a reply with {text!r} pass as it is"

    @counts_for("silver")
    def test_a_stream_is_checked_as_the_whole_is(self, made: Filter) -> None:
        """However it is cut into chunks; what may still turn into something is held back."""
        for text in (WORDS, *type(self).catches):
            whole = made.open(CALL).reply(_reply(f"before {text} after"))
            if whole.action == "block":
                continue
            expected = f"before {text} after" if whole.action == "allow" else whole.value.text
            for size in _SIZES:
                session = made.open(CALL)
                given = f"before {text} after"
                chunks = [ChatChunk(text=given[at : at + size]) for at in range(0, len(given), size)]
                out = [found for chunk in chunks for found in session.feed(chunk)]
                shown = "".join(chunk.text for chunk in (*out, *session.finish()))
                assert shown == expected, f"in chunks of {size} characters it shows {shown!r} instead of {expected!r}"

    @counts_for("silver")
    def test_what_it_checks_is_left_as_it_is(self, made: Filter) -> None:
        """A verdict replaces; nothing is edited in place."""
        request = msgspec.structs.replace(CHAT, extra={"x": [1]})
        before = msgspec.json.encode(request)
        made.open(CALL).request(request)
        assert msgspec.json.encode(request) == before, (
            "it changes the request in place: return a verdict that replaces it"
        )

    @counts_for("silver")
    def test_one_call_s_session_knows_nothing_of_another_s(self, made: Filter) -> None:
        """What was redacted for one is not restored for another."""
        first, second = made.open(CALL), made.open(CALL)
        assert first is not second, "all calls share one session: make one for each"
        for text in type(self).catches:
            first.request(ChatRequest(messages=(user(text),)))
            verdict = second.reply(_reply("nothing to see"))
            shown = verdict.value.text if verdict.action == "replace" else "nothing to see"
            assert text not in shown, f"{text!r} of one call is shown to another"


def _reply(text: str) -> ChatReply[None]:
    return ChatReply(message=assistant(text), finish_reason="stop")


def _check(verdict: FilterVerdict, kind: type) -> None:
    assert isinstance(verdict, FilterVerdict), f"{verdict!r} is no FilterVerdict"
    if verdict.action == "replace":
        assert isinstance(verdict.value, kind), f"it replaces a {kind.__name__} by a {type(verdict.value).__name__}"
    if verdict.action == "block":
        assert verdict.reason, "it blocks without a reason: nobody knows what to change"
