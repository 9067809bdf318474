"""What a failed response says beside its vendor's own error: its class, whether to come again, whose request it was."""

from __future__ import annotations

import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.errors import BadRequestError, OverloadedError, ProviderError, QuotaExceededError, ServerError
from modelscan.wire.failures import class_of, describe, provider_error


def response(status: int, body: bytes = b"", **headers: str) -> HttpResponse:
    named = tuple([(name.replace("_", "-"), value) for name, value in headers.items()])
    return HttpResponse(ResponseHead(status, named), body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(399, ProviderError), (400, BadRequestError), (499, BadRequestError), (500, ServerError), (599, ServerError)],
)
def test_a_status_nobody_listed_has_the_class_of_its_hundred(status: int, kind: type[ProviderError]) -> None:
    assert class_of(status) is kind


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (503, "", True),
        (503, "true", True),
        (503, "false", False),
        (503, "perhaps", True),
        (402, "true", False),
        (400, "true", False),
        (302, "true", True),
        (302, "", False),
    ],
)
def test_a_server_may_ask_for_another_try_but_not_where_it_refused_for_good(
    status: int, asked: str, expected: bool
) -> None:
    assert provider_error(response(status, x_should_retry=asked)).retryable is expected


def test_what_the_caller_knows_wins_over_the_response() -> None:
    failed = response(200, b"x" * 70_000, retry_after="9", x_should_retry="false", x_request_id="theirs")
    error = provider_error(
        failed, message="busy", code="c", kind=OverloadedError, status=503, retryable=True, wait_s=1.5, request_id="r"
    )
    assert isinstance(error, OverloadedError)
    assert (error.message, error.code, error.status, error.request_id) == ("busy", "c", 503, "r")
    assert (error.retryable, error.retry_after_s) == (True, 1.5)
    assert len(error.body) == 65_536


def test_without_that_the_response_tells_it_all() -> None:
    error = provider_error(response(402, b"<p>Pay &amp; try</p>", retry_after="9", cf_ray="edge", request_id="theirs"))
    assert type(error) is QuotaExceededError
    assert (error.status, error.request_id, error.retry_after_s) == (402, "theirs", 9)
    assert error.message == "402 Payment Required: Pay & try"


def test_a_page_is_shown_as_its_text_and_cut_short() -> None:
    page = b"<style>p { color: red }</style><script>alert()</script><p>Bad\n  <b>gateway</b></p>"
    assert describe(response(502, page)) == "502 Bad Gateway: Bad gateway"
    assert describe(response(502)) == "502 Bad Gateway, with an empty body"
    assert describe(response(599, b"x" * 300)) == f"status 599: {'x' * 300}"
    assert describe(response(599, b"x" * 301)) == f"status 599: {'x' * 300}…"
