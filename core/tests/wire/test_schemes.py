"""Keys are put where each scheme puts them, and nothing else of the request changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from modelscan.contracts.auth import AuthScheme, Credential
from modelscan.contracts.http import HttpRequest, Target
from modelscan.types.secret import Secret
from modelscan.wire.schemes import Basic, Bearer, HeaderKey, QueryKey

TARGET = Target(base_urls={"default": "https://api.example.org"}, model="m")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
KEY = Credential({"key": Secret("k-1")})


def signed(scheme: AuthScheme, request: HttpRequest, credential: Credential = KEY) -> HttpRequest:
    return scheme.sign(request, credential, TARGET, None, NOW)


def request(url: str = "https://api.example.org/x") -> HttpRequest:
    return HttpRequest(url=url, headers=(("content-type", "application/json"),), body=b"{}")


@pytest.mark.parametrize(
    ("scheme", "header"),
    [
        (Bearer(), ("authorization", "Bearer k-1")),
        (HeaderKey("x-api-key"), ("x-api-key", "k-1")),
        (HeaderKey("authorization", prefix="Token "), ("authorization", "Token k-1")),
        (Basic(), ("authorization", "Basic ay0xOg==")),
    ],
)
def test_a_key_travels_in_its_header(scheme: AuthScheme, header: tuple[str, str]) -> None:
    found = signed(scheme, request())
    assert found.headers == (("content-type", "application/json"), header)
    assert (found.url, found.body) == (request().url, request().body)


def test_a_header_that_is_there_already_is_replaced() -> None:
    twice = signed(Bearer(), HttpRequest(url="https://x", headers=(("Authorization", "Bearer old"),)))
    assert twice.headers == (("authorization", "Bearer k-1"),)


def test_basic_takes_a_name_and_a_password() -> None:
    credential = Credential({"username": Secret("ann"), "password": Secret("s3cret")})
    assert signed(Basic(), request(), credential).headers[-1] == ("authorization", "Basic YW5uOnMzY3JldA==")


def test_a_key_in_the_address_is_quoted_and_stands_after_other_parameters() -> None:
    credential = Credential({"key": Secret("a b&c")})
    assert signed(QueryKey("key"), request(), credential).url == "https://api.example.org/x?key=a%20b%26c"
    assert signed(QueryKey("key"), request("https://x/?a=1"), credential).url == "https://x/?a=1&key=a%20b%26c"


def test_none_of_them_needs_a_token_or_the_bodys_hash() -> None:
    for scheme in (Bearer(), HeaderKey("x"), QueryKey("k"), Basic()):
        assert isinstance(scheme, AuthScheme)
        assert scheme.exchange(KEY, TARGET, NOW) is None
        assert not scheme.needs_body_hash
