"""AWS signatures: the cases of AWS's published test suite, and what the suite leaves open."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlsplit

import pytest

from modelscan import Secret
from modelscan.contracts.auth import AuthScheme, Credential
from modelscan.contracts.http import Headers, HttpRequest, Target
from modelscan.errors import ConfigurationError, CredentialError
from modelscan.wire.sigv4 import SigV4, _host, canonical_request

NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
KEYS = {
    "access_key_id": Secret("AKIDEXAMPLE"),
    "secret_access_key": Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
}
TARGET = Target(base_urls={}, model="", params={"region": "us-east-1"})
SUBJECT = SigV4("service")
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
STS_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7"
    "mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+"
    "xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)


def signed(
    request: HttpRequest, *, body: bytes = b"", secrets: dict[str, Secret] = KEYS, now: datetime = NOW
) -> HttpRequest:
    return SUBJECT.sign(request, Credential(secrets), TARGET, hashlib.sha256(body).hexdigest(), now)


def header(request: HttpRequest, name: str) -> str:
    return next(value for key, value in request.headers if key.lower() == name)


UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
SUITE: list[tuple[str, str, str, Headers, bytes, str]] = [
    ("get-vanilla", "GET", "/", (), b"", VANILLA),
    (
        "get-vanilla-empty-query-key",
        "GET",
        "/?Param1=value1",
        (),
        b"",
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
    ),
    ("get-vanilla-query", "GET", "/", (), b"", VANILLA),
    (
        "get-vanilla-query-order-key",
        "GET",
        "/?Param1=value2&Param1=Value1",
        (),
        b"",
        "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
    ),
    (
        "get-vanilla-query-order-key-case",
        "GET",
        "/?Param2=value2&Param1=value1",
        (),
        b"",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-vanilla-query-order-value",
        "GET",
        "/?Param1=value2&Param1=value1",
        (),
        b"",
        "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
    ),
    (
        "get-vanilla-query-unreserved",
        "GET",
        f"/?{UNRESERVED}={UNRESERVED}",
        (),
        b"",
        "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    ),
    (
        "get-vanilla-utf8-query",
        "GET",
        "/?ሴ=bar",
        (),
        b"",
        "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
    ),
    (
        "get-unreserved",
        "GET",
        f"/{UNRESERVED}",
        (),
        b"",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    ("get-utf8", "GET", "/ሴ", (), b"", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    (
        "get-space",
        "GET",
        "/example space/",
        (),
        b"",
        "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
    ),
    ("get-relative", "GET", "/example/..", (), b"", VANILLA),
    ("get-relative-relative", "GET", "/example1/example2/../..", (), b"", VANILLA),
    ("get-slash", "GET", "//", (), b"", VANILLA),
    ("get-slash-dot-slash", "GET", "/./", (), b"", VANILLA),
    (
        "get-slash-pointless-dot",
        "GET",
        "/./example",
        (),
        b"",
        "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
    ),
    ("get-slashes", "GET", "//example//", (), b"", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    (
        "get-header-key-duplicate",
        "GET",
        "/",
        (("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")),
        b"",
        "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ),
    (
        "get-header-value-order",
        "GET",
        "/",
        (("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3"), ("My-Header1", "value2")),
        b"",
        "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
    ),
    (
        "get-header-value-trim",
        "GET",
        "/",
        (("My-Header1", " value1"), ("My-Header2", ' "a   b   c"')),
        b"",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
    ("post-vanilla", "POST", "/", (), b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "post-vanilla-query",
        "POST",
        "/?Param1=value1",
        (),
        b"",
        "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ),
    ("post-header-key-case", "POST", "/", (), b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "post-header-key-sort",
        "POST",
        "/",
        (("My-Header1", "value1"),),
        b"",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    (
        "post-header-value-case",
        "POST",
        "/",
        (("My-Header1", "VALUE1"),),
        b"",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    (
        "post-x-www-form-urlencoded",
        "POST",
        "/",
        FORM,
        b"Param1=value1",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    (
        "post-x-www-form-urlencoded-parameters",
        "POST",
        "/",
        (("Content-Type", "application/x-www-form-urlencoded; charset=utf8"),),
        b"Param1=value1",
        "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
    ),
]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"), [case[1:] for case in SUITE], ids=[case[0] for case in SUITE]
)
def test_the_signature_is_the_suites(method: str, path: str, headers: Headers, body: bytes, signature: str) -> None:
    request = HttpRequest(method=method, url=f"https://example.amazonaws.com{path}", headers=headers, body=body)
    assert header(signed(request, body=body), "authorization").endswith(f"Signature={signature}")


def test_a_header_says_what_was_signed_and_when() -> None:
    request = signed(HttpRequest(method="GET", url="https://example.amazonaws.com/", headers=(("My-Header1", "x"),)))
    assert header(request, "x-amz-date") == "20150830T123600Z"
    assert header(request, "authorization").startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;my-header1;x-amz-date, Signature="
    )


def test_a_temporary_key_signs_its_session_token() -> None:
    secrets = {**KEYS, "session_token": Secret(STS_TOKEN)}
    request = signed(HttpRequest(url="https://example.amazonaws.com/"), secrets=secrets)
    assert header(request, "x-amz-security-token") == STS_TOKEN
    assert header(request, "authorization").endswith(
        "SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"
    )


def test_a_model_id_with_a_colon_is_encoded_twice() -> None:
    url = urlsplit("https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-micro-v1%3A0/converse")
    line = canonical_request("POST", url, {"host": "h"}, "0").splitlines()[1]
    assert line == "/model/amazon.nova-micro-v1%253A0/converse"


def test_headers_that_change_on_the_way_are_not_signed() -> None:
    plain = HttpRequest(method="GET", url="https://example.amazonaws.com/")
    headers = (("User-Agent", "x"), ("Content-Length", "0"), ("X-Amzn-Trace-Id", "Root=1"))
    more = HttpRequest(method="GET", url="https://example.amazonaws.com/", headers=headers)
    assert header(signed(more), "authorization") == header(signed(plain), "authorization")
    assert header(signed(more), "user-agent") == "x"


def test_signing_again_replaces_the_old_signature() -> None:
    request = HttpRequest(method="GET", url="https://example.amazonaws.com/")
    assert signed(signed(request)) == signed(request)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.org:443/", "example.org"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
        ("http://[::1]:80/", "[::1]"),
        ("http://[::1]:8080/", "[::1]:8080"),
    ],
)
def test_the_host_is_signed_as_it_goes_out(url: str, host: str) -> None:
    request = HttpRequest(method="GET", url=url)
    plain = HttpRequest(method="GET", url=f"{url.partition(':')[0]}://{host}/")
    assert header(signed(request), "authorization") == header(signed(plain), "authorization")
    assert _host(urlsplit(url)) == host


def test_the_moment_is_signed_in_universal_time() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    request = HttpRequest(url="https://example.amazonaws.com/")
    assert signed(request, now=there) == signed(request)


def test_a_request_without_a_body_hash_counts_as_empty() -> None:
    request = HttpRequest(url="https://example.amazonaws.com/")
    assert SUBJECT.sign(request, Credential(KEYS), TARGET, None, NOW) == signed(request)


def test_half_a_credential_is_refused_and_not_shown() -> None:
    secrets = {"access_key_id": Secret("AKIDEXAMPLE")}
    with pytest.raises(CredentialError, match="'secret_access_key'.* has none") as caught:
        signed(HttpRequest(url="https://example.amazonaws.com/"), secrets=secrets)
    assert "AKID" not in str(caught.value)


def test_a_missing_region_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'region'"):
        SUBJECT.sign(HttpRequest(url="https://x.org/"), Credential(KEYS), Target(base_urls={}, model=""), None, NOW)


def test_it_is_a_scheme_that_needs_the_bodys_hash() -> None:
    scheme: AuthScheme = SUBJECT
    assert scheme.needs_body_hash
    assert scheme.exchange(Credential(KEYS), TARGET, NOW) is None
