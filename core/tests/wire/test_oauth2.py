"""Token endpoints: what is asked, what comes back, and that no secret shows in what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import msgspec
import pytest

from modelscan import Secret
from modelscan.contracts.auth import AuthScheme, Credential, Token
from modelscan.contracts.flows import Done, Flow, Lost, Woken
from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    CredentialError,
    DecodeError,
    ModelScanError,
    RateLimitError,
    ServerError,
    TransportError,
)
from modelscan.wire.oauth2 import ClientCredentials, RefreshToken, TokenAsked, TokenFlow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target(base_urls={}, model="m", params={"tenant": "t-1"})
CLIENT = Credential({"client_id": Secret("me"), "client_secret": Secret("s&cret-canary-0123")})
SCHEME = ClientCredentials("https://login.example.org/{tenant}/token", scope="a b", extra={"resource": "r"})


def flow_of(scheme: ClientCredentials | RefreshToken = SCHEME, credential: Credential = CLIENT) -> TokenFlow:
    return scheme.exchange(credential, TARGET, NOW)


def answered(status: int, body: bytes, flow: TokenFlow | None = None) -> Done[Token]:
    return (flow or flow_of()).resume(TokenAsked(), HttpResponse(ResponseHead(status), body), None, TARGET)


def form(flow: TokenFlow) -> dict[str, list[str]]:
    body = flow.start(None, TARGET).request.body
    assert isinstance(body, bytes)
    return parse_qs(body.decode())


def test_a_client_asks_in_its_own_name() -> None:
    request = flow_of().start(None, TARGET).request
    assert (request.method, request.url, request.auth) == ("POST", "https://login.example.org/t-1/token", None)
    assert dict(request.headers)["content-type"] == "application/x-www-form-urlencoded"
    assert form(flow_of()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": ["s&cret-canary-0123"],
        "scope": ["a b"],
        "resource": ["r"],
    }


def test_a_refresh_token_asks_with_the_client_where_it_is_known() -> None:
    scheme = RefreshToken("https://login.example.org/token")
    alone = Credential({"refresh_token": Secret("r")})
    assert form(flow_of(scheme, alone)) == {"grant_type": ["refresh_token"], "refresh_token": ["r"]}
    known = Credential({"refresh_token": Secret("r"), "client_id": Secret("i"), "client_secret": Secret("s")})
    assert form(flow_of(scheme, known))["client_id"] == ["i"]


@pytest.mark.parametrize(("told", "lifetime_s"), [("3600", 3600), ('"60"', 60), ("null", None)])
def test_the_answer_holds_the_token_and_its_life(told: str, lifetime_s: int | None) -> None:
    body = b'{"access_token": "t", "token_type": "Bearer", "expires_in": %s}' % told.encode()
    until = None if lifetime_s is None else NOW + timedelta(seconds=lifetime_s)
    assert answered(200, body).reply == Token(Secret("t"), until)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>canary</html>",
        b'{"token": "canary"}',
        b'{"access_token": "canary", "expires_in": "soon"}',
        b'{"access_token": "canary", "expires_in": 1e300}',
        b'{"access_token": "canary", "expires_in": 1e12}',
        b'{"access_token": "canary\xff"}',
        pytest.param(b'{"access_token": "canary", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested"),
    ],
)
def test_an_answer_without_a_token_is_no_answer_and_isnt_shown(body: bytes) -> None:
    with pytest.raises(DecodeError, match="holds no access token") as caught:
        answered(200, body)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b'{"error": "invalid_client", "error_description": "unknown"}', AuthenticationError),
        (400, b'{"error": "invalid_grant"}', AuthenticationError),
        (401, b"", AuthenticationError),
        (403, b"{}", AuthenticationError),
        (400, b'{"error": "invalid_scope"}', BadRequestError),
        (429, b"", RateLimitError),
        (503, b"busy", ServerError),
    ],
)
def test_a_refusal_says_what_is_wrong(status: int, body: bytes, error: type[ModelScanError]) -> None:
    with pytest.raises(error, match="no token from https://login.example.org/t-1/token"):
        answered(status, body)


def test_an_endpoint_that_echoes_the_secret_doesnt_give_it_away() -> None:
    body = msgspec.json.encode({"error": "invalid_client", "error_description": "bad secret s&cret-canary-0123"})
    for echoed in (body, b"you sent s&cret-canary-0123"):
        with pytest.raises(AuthenticationError) as caught:
            answered(401, echoed)
        error = caught.value
        assert "canary" not in f"{error} {error!r} {error.body!r} {vars(error)}"


@pytest.mark.parametrize("event", [Lost("cut", "read"), Woken()])
def test_no_answer_is_a_transport_error(event: Lost | Woken) -> None:
    with pytest.raises(TransportError, match="no token came from"):
        flow_of().resume(TokenAsked(), event, None, TARGET)


def test_a_flow_shows_no_secret_and_keeps_none_in_its_state() -> None:
    assert "canary" not in repr(flow_of()) + repr(flow_of().start(None, TARGET))
    assert msgspec.json.encode(TokenAsked()) == b"{}"


def test_nothing_can_be_cancelled_or_called_back() -> None:
    assert isinstance(flow_of(), Flow)
    assert flow_of().cancel(TokenAsked(), TARGET) is None
    with pytest.raises(CredentialError):
        flow_of().verify((), b"", b"", NOW)


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(CredentialError, match="'client_secret'"):
        flow_of(credential=Credential({"client_id": Secret("me")}))


def test_the_token_is_the_bearer() -> None:
    assert isinstance(SCHEME, AuthScheme)
    request = HttpRequest(url="https://x.org/", headers=(("Authorization", "old"), ("a", "b")))
    signed = SCHEME.sign(request, Credential({"token": Secret("t")}), TARGET, None, NOW)
    assert signed.headers == (("a", "b"), ("authorization", "Bearer t"))


def test_a_refusal_that_cannot_be_read_is_one_of_its_status() -> None:
    with pytest.raises(ServerError):
        answered(503, b'{"error": "\xff"}')
