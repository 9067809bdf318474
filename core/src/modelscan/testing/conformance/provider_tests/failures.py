"""Errors: none is missed, each is of the class that its status stands for, and the vendor's words are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.contracts.operations import NativeOperation
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RequestTooLargeError,
    ServerError,
)
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.suite import counts_for, not_declared

_SAYS: Final = "conformance: no such luck"
_CLASSES: Final[Mapping[int, tuple[type[ProviderError], ...]]] = {
    400: (BadRequestError,),
    401: (AuthenticationError,),
    403: (PermissionDeniedError,),
    404: (NotFoundError,),
    413: (RequestTooLargeError,),
    429: (RateLimitError, QuotaExceededError),
    500: (ServerError,),
    503: (OverloadedError,),
}
_ANSWER_OF: Final[Mapping[int, type[ProviderError]]] = {status: classes[0] for status, classes in _CLASSES.items()}
_BODIES: Final = (
    b"",
    b"<html>Bad gateway</html>",
    b"{",
    b"null",
    b"[]",
    b'"no"',
    b'{"error":null}',
    b'{"error":"no"}',
    b"\xff",
)
_WAIT_S: Final = 7.0


class FailureTests(Fixtures):
    """The error table."""

    @counts_for("bronze")
    def test_every_status_from_400_is_an_error_of_its_class(self, subject: Subject) -> None:
        """Whatever the body is: the vendor's, a proxy's page, nothing."""
        for status, expected in self._table(subject).items():
            for body in _BODIES:
                error = subject.provider.errors.error(_answer(status, body))
                assert error is not None, f"the status {status} with the body {body!r} is swallowed"
                assert isinstance(error, expected), (
                    f"the status {status} with the body {body!r} is a {type(error).__name__} instead of "
                    f"{' or '.join(kind.__name__ for kind in expected)}"
                )
                assert error.status == status, f"the error of status {status} says that its status is {error.status}"

    @counts_for("bronze")
    def test_the_vendor_s_words_are_kept(self, subject: Subject) -> None:
        """They say what is wrong, and nobody else knows."""
        server = subject.server
        if server is None:
            not_declared("no server of its format is known, which could write an error")
        for status, kind in _ANSWER_OF.items():
            assert server is not None
            response = server.error(kind(_SAYS, status=status))
            error = subject.provider.errors.error(response)
            assert error is not None, f"an error of status {status} in the vendor's own form is swallowed"
            assert _SAYS in str(error), f"the error of status {status} lost the vendor's words: {error}"

    @counts_for("silver")
    def test_a_wait_that_is_asked_for_is_told(self, subject: Subject) -> None:
        """`Retry-After` of a 429, where the provider reads it."""
        if "retry-after" not in subject.provider.retry_headers or self._is_native(subject):
            not_declared("it reads no Retry-After")
        error = subject.provider.errors.error(_answer(429, b"{}", ("retry-after", f"{_WAIT_S:g}")))
        assert error is not None
        assert error.retry_after_s == _WAIT_S, f"retry-after: {_WAIT_S:g} is read as {error.retry_after_s}"

    @counts_for("bronze")
    def test_a_good_answer_is_no_error(self, subject: Subject) -> None:
        """Status 200 with an answer in it."""
        for example in subject.wholes():
            assert example.whole is not None
            if example.whole.status < 400:
                error = subject.provider.errors.error(example.whole)
                assert error is None, f"{example.name} is taken for an error: {error}"

    def _table(self, subject: Subject) -> dict[int, tuple[type[Exception], ...]]:
        if self._is_native(subject):
            not_declared("it answers without HTTP")
        own = {status: (kind,) for status, kind in type(self).error_classes.items()}
        return {**_CLASSES, **own}

    def _is_native(self, subject: Subject) -> bool:
        return isinstance(subject.provider.chat, NativeOperation)


def _answer(status: int, body: bytes, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(ResponseHead(status, (("content-type", "application/json"), *headers)), body)
