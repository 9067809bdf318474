"""Answers: read as they were meant, whole and streamed alike, however the bytes arrive, and never cut in silence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelscan.errors import ModelScanError, ProviderError, ServerError, StreamCutError
from modelscan.testing.conformance.decoding import (
    chunks_of_frames,
    chunks_of_pieces,
    differences,
    folded,
    frames_of,
    splits,
)
from modelscan.testing.conformance.examples import Example, error_event
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.recorded import recorded_in
from modelscan.testing.conformance.suite import counts_for, not_declared
from modelscan.types import versioned
from modelscan.types.chat import ChatChunk, ChatReply

_ERROR = "conformance: the model fell over"


class AnswerTests(Fixtures):
    """Decoding."""

    @counts_for("bronze")
    def test_a_whole_answer_is_read_as_it_was_meant(self, subject: Subject) -> None:
        """Text, tool calls, finish reason and counts are those that the server told."""
        for example in subject.wholes():
            reply = subject.decode(example)
            wrong = differences(example.expected, reply) if example.expected is not None else []
            assert not wrong, f"{example.name} is misread: {'; '.join(wrong)}"

    @counts_for("bronze")
    def test_a_streamed_answer_is_read_as_it_was_meant(self, subject: Subject) -> None:
        """The same for a stream, its last event included."""
        for example in subject.streams():
            reply = folded(_whole_stream(subject, example))
            wrong = differences(example.expected, reply) if example.expected is not None else []
            assert not wrong, f"the stream of {example.name} is misread: {'; '.join(wrong)}"

    @counts_for("silver")
    def test_whole_and_streamed_answers_are_the_same(self, subject: Subject) -> None:
        """Folding a stream's chunks gives the reply of the call that doesn't stream."""
        for example in [example for example in subject.streams() if example.whole is not None]:
            whole, streamed = subject.decode(example), folded(_whole_stream(subject, example))
            for field in ("message", "finish_reason", "raw_finish_reason", "usage", "id", "model"):
                left, right = getattr(whole, field), getattr(streamed, field)
                assert left == right, f"{example.name}: {field} is\n{left} whole and\n{right} streamed"

    @counts_for("silver")
    def test_any_split_of_the_bytes_gives_the_same_chunks(self, subject: Subject) -> None:
        """A character, a line, an event may be torn anywhere."""
        for example in subject.streams():
            assert example.stream is not None
            body, expected = example.stream.body, _whole_stream(subject, example)
            for pieces in splits(body):
                try:
                    found = chunks_of_pieces(subject.decoder(example), pieces)
                except ModelScanError as error:
                    pytest.fail(f"{example.name}, split {_place(pieces)}, can't be read: {error}")
                assert found == expected, (
                    f"{example.name}, split {_place(pieces)}, gives other chunks: bytes of a character or "
                    f"an event that is torn are lost or misread\n{_texts(found)!r}\ninstead of\n{_texts(expected)!r}"
                )

    @counts_for("bronze")
    def test_a_stream_that_is_cut_raises(self, subject: Subject) -> None:
        """Without an end event or a finish reason nobody knows that the answer is whole."""
        for example in subject.streams():
            count = len(frames_of(subject.decoder(example), example.stream))  # type: ignore[arg-type]  # streams have one
            for kept in range(count):
                for is_cut in (True, False):
                    self._check_cut(subject, example, kept, is_cut=is_cut)

    def _check_cut(self, subject: Subject, example: Example, kept: int, *, is_cut: bool) -> None:
        assert example.stream is not None
        frames = frames_of(subject.decoder(example), example.stream)[:kept]
        decoder = subject.decoder(example)
        chunks = [chunk for frame in frames for chunk in decoder.feed(frame)]
        try:
            chunks += decoder.finish(cut=is_cut)
        except StreamCutError:
            return
        has_end = any(chunk.finish_reason is not None for chunk in chunks)
        assert has_end, (
            f"the cut of {example.name} after {kept} events is ignored: finish(cut={is_cut}) must raise "
            "StreamCutError where no end event and no finish reason came"
        )

    @counts_for("silver")
    def test_an_error_in_mid_stream_is_raised(self, subject: Subject) -> None:
        """With the vendor's words."""
        server = subject.server
        examples = [example for example in subject.streams() if isinstance(example.expected, ChatReply)]
        if server is None:
            not_declared("no server of its format is known, which could write an error into a stream")
        for example in examples:
            error = ServerError(_ERROR, status=500)
            assert server is not None
            pieces = error_event(server, example, error, subject.target)
            try:
                chunks_of_pieces(subject.decoder(example), pieces)
            except StreamCutError:
                pytest.fail("an error in mid-stream is swallowed: the stream seems to be merely cut")
            except ProviderError as caught:
                if _ERROR not in str(caught):
                    pytest.fail(f"an error in mid-stream lost the vendor's words: {caught}")
            except ModelScanError as caught:
                pytest.fail(f"an error in mid-stream must be a ProviderError, and is {caught!r}")
            else:
                pytest.fail("an error in mid-stream is swallowed: the stream seems to end well")

    @counts_for("silver")
    def test_replies_and_chunks_can_be_stored(self, subject: Subject) -> None:
        """What was read survives a round trip through the versioned form."""
        for example in subject.wholes():
            reply = subject.decode(example)
            assert versioned.load(versioned.dump(reply), type(reply)) == reply, f"{example.name} can't be stored"
            request = example.request
            assert versioned.load(versioned.dump(request), type(request)) == request, f"{example.name} can't be stored"
            for chunk in _whole_stream(subject, example) if example.stream is not None else ():
                assert versioned.load(versioned.dump(chunk), ChatChunk) == chunk, f"a chunk of {example.name} is lost"

    @counts_for("silver")
    def test_an_answer_s_counts_add_up(self, subject: Subject) -> None:
        """No count is negative, and no part exceeds its whole."""
        for example in subject.wholes():
            usage = subject.decode(example).usage
            counts = {name: getattr(usage, name) for name in usage.__struct_fields__ if name.endswith("tokens")}
            assert all(count >= 0 for count in counts.values()), f"{example.name} has negative counts: {counts}"
            cached = usage.cached_tokens + usage.cache_write_tokens
            assert cached <= usage.input_tokens, f"{example.name}: {cached} cached tokens of {usage.input_tokens}"
            thought = usage.reasoning_tokens
            assert thought <= usage.output_tokens, f"{example.name}: {thought} thought of {usage.output_tokens}"

    @counts_for("silver", is_evidence=True)
    def test_recorded_answers_are_read(self, subject: Subject) -> None:
        """What the vendor really sent is read; its streams end, and are the same in pieces."""
        if not any(True for _ in subject.operations()):
            not_declared("its answers come from a model in this process")
        recordings = self._recorded(subject)
        if not recordings:
            not_declared("there are no recordings: a recorded cassette beside the suite, or `recordings`")
        for example in recordings:
            if example.whole is not None:
                error = subject.provider.errors.error(example.whole)
                assert (error is None) == (example.whole.status < 400), f"{example.name}: {error!r}"
                if error is None:
                    assert subject.decode(example) is not None
            if example.stream is not None:
                expected = _whole_stream(subject, example)
                assert folded(expected).finish_reason is not None, f"{example.name} has no finish reason"
                body = example.stream.body
                found = chunks_of_pieces(subject.decoder(example), [body[at : at + 7] for at in range(0, len(body), 7)])
                assert found == expected, f"{example.name}, in pieces of seven bytes, gives other chunks"

    def _recorded(self, subject: Subject) -> list[Example]:
        given = type(self).recordings
        if given is not None:
            return list(given())
        module = sys.modules[type(self).__module__]
        return list(recorded_in(Path(module.__file__ or "").parent / "cassettes", subject.server))


def _whole_stream(subject: Subject, example: Example) -> list[ChatChunk]:
    assert example.stream is not None
    decoder = subject.decoder(example)
    try:
        return chunks_of_frames(decoder, frames_of(decoder, example.stream))
    except ModelScanError as error:
        pytest.fail(f"the stream of {example.name} can't be read: {error}")


def _place(pieces: object) -> str:
    assert isinstance(pieces, list)
    return f"after byte {len(pieces[0])}" if len(pieces) == 2 else f"into {len(pieces)} pieces"


def _texts(chunks: list[ChatChunk]) -> str:
    return "".join(chunk.text for chunk in chunks)
