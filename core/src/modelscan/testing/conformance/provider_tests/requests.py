"""Requests: written the same each time, to the right address, without a secret, and with everything that was asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.operations import StreamingOperation
from modelscan.errors import InvalidRequestError
from modelscan.testing.conformance.examples import changed
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject, target_for
from modelscan.testing.conformance.samples import CANARY, FIELDS, REQUESTS
from modelscan.testing.conformance.suite import counts_for, not_declared
from modelscan.types import versioned

_LONGEST_S: Final = 0.1
_TRIES: Final = 3


class RequestTests(Fixtures):
    """Encoding."""

    @counts_for("bronze")
    def test_the_same_request_is_written_the_same_each_time(self, subject: Subject) -> None:
        """A codec has no clock and no dice: caches, replays and retries rely on it."""
        for name, encode in _encoded(subject):
            first, second = _written(encode()), _written(encode())
            assert first == second, f"{name} is not deterministic: two encodings differ\n{first}\n{second}"

    @counts_for("bronze")
    def test_a_request_isn_t_changed_by_being_written(self, subject: Subject) -> None:
        """Encoding must not touch what the caller holds, `extra` least of all."""
        for name, operation in subject.operations():
            request: Any = REQUESTS[name]
            if request is None or "extra" not in request.__struct_fields__:
                continue
            given = changed(request, extra={"x_vendor_field": {"deep": [1, 2]}})
            before = versioned.dump(given)
            for encode in _ways(operation):
                try:
                    encode(given, subject.target)
                except InvalidRequestError:
                    continue
                after = versioned.dump(given)
                assert after == before, f"{name} changes the caller's request while it encodes it: copy what you edit"

    @counts_for("bronze")
    def test_a_request_goes_to_a_declared_address(self, subject: Subject) -> None:
        """Only there does the core put a key on it."""
        bases = tuple(subject.target.base_urls.values())
        for name, encode in _encoded(subject):
            request = encode()
            if request.auth is not None:
                assert request.url.startswith(bases), f"{name} goes to {request.url}, which is under none of {bases}"
                schemes = subject.provider.connection.schemes
                known = not schemes or request.auth in schemes
                assert known, f"{name} is signed by {request.auth!r}; the connection's schemes are {sorted(schemes)}"

    @counts_for("bronze")
    def test_a_request_holds_no_secret(self, subject: Subject) -> None:
        """The key is put on after, by the scheme; a codec never looks for it."""
        for name, encode in _encoded(subject):
            request = encode()
            where = [
                part
                for part, text in {
                    "address": request.url,
                    "headers": repr(request.headers),
                    "body": repr(request.body),
                }.items()
                if CANARY in text
            ]
            assert not where, f"{name} leaks the key: it is in the {' and '.join(where)} before the request is signed"

    @counts_for("bronze")
    def test_a_body_is_what_its_content_type_says(self, subject: Subject) -> None:
        """JSON where it says JSON."""
        for name, encode in _encoded(subject):
            request = encode()
            kinds = [value for key, value in request.headers if key.lower() == "content-type"]
            assert len(kinds) <= 1, f"{name} has {len(kinds)} content types"
            if isinstance(request.body, bytes) and kinds and "json" in kinds[0]:
                try:
                    msgspec.json.decode(request.body)
                except msgspec.DecodeError as error:
                    pytest.fail(f"{name} says that its body is JSON, and it isn't: {error}")

    @counts_for("silver")
    def test_no_field_is_dropped_in_silence(self, subject: Subject) -> None:
        """Each field changes what is sent, or is refused with `UnsupportedError`."""
        dropped = []
        for name, operation in subject.operations():
            for field, (beside, value) in FIELDS.get(name, {}).items():
                for encode in _ways(operation):
                    base: Any = changed(REQUESTS[name], **beside)
                    try:
                        without = _written(encode(base, subject.target))
                        with_it = _written(encode(changed(base, **value), subject.target))
                    except InvalidRequestError:
                        continue
                    if without == with_it and f"{name}.{field}" not in dropped:
                        dropped.append(f"{name}.{field}")
        assert not dropped, (
            f"these fields are dropped in silence: {', '.join(dropped)}. "
            "Send them, or raise UnsupportedError for what the vendor can't express"
        )

    @counts_for("silver")
    def test_writing_and_reading_take_no_time(self, subject: Subject) -> None:
        """A codec that waits holds up every other call of the process."""
        work: dict[str, Callable[[], object]] = dict(_encoded(subject))
        for example in subject.examples:
            if example.whole is not None:
                work[f"decoding {example.name}"] = lambda example=example: subject.decode(example)  # type: ignore[misc]
        for name, done in work.items():
            took = min(_seconds(done) for _ in range(_TRIES))
            assert took < _LONGEST_S, f"{name} blocks for {took:.2f} s: a codec computes, and waits for nothing"

    @counts_for("gold")
    def test_golden_requests_are_written_as_they_must_be(self, subject: Subject) -> None:
        """What the vendor documents, byte for byte of the JSON's value."""
        golden = type(self).golden
        if not golden and not any(True for _ in subject.operations()):
            not_declared("nothing is sent by a model in this process")
        if not golden:
            pytest.skip("there are no golden requests: give the suite `golden`")
        for one in golden:
            target = target_for(subject.provider, type(self).model, {**type(self).params, **one.params})
            operation = getattr(subject.provider, one.capability)
            sent = (operation.encode_stream if one.is_stream else operation.encode)(one.request, target)
            found = sent.body if isinstance(one.body, bytes) else msgspec.json.decode(sent.body or b"null")
            assert found == one.body, f"{one.name} is written as\n{found}\nand should be\n{one.body}"
            assert not one.url or sent.url == one.url, f"{one.name} goes to {sent.url} instead of {one.url}"
            missing = [header for header in one.headers if header not in sent.headers]
            assert not missing, f"{one.name} lacks the headers {missing}"


def _encoded(subject: Subject) -> list[tuple[str, Callable[[], HttpRequest]]]:
    encoded = list(subject.encoded())
    if not encoded:
        not_declared("it has no operation that sends a request")
    return encoded


def _ways(operation: Any) -> list[Callable[[Any, Any], HttpRequest]]:  # an Operation of any request
    streamed = [operation.encode_stream] if isinstance(operation, StreamingOperation) else []
    return [operation.encode, *streamed]


def _written(request: HttpRequest) -> tuple[object, ...]:
    return request.method, request.url, request.headers, request.body, request.auth


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
