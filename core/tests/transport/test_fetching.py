"""Fetching media: public hosts only, redirects checked, a bounded size."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

from modelscan.contracts.transport import TransportOptions
from modelscan.errors import ConfigurationError, MediaError
from modelscan.testing.loopback import LoopbackServer, Script, answer, cut, tunnel
from modelscan.transport.fetching import MediaFetcher


def fetcher(**options: object) -> MediaFetcher:
    return MediaFetcher(TransportOptions(), **options)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def unresolved(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up here")


def moved(to: str) -> Script:
    return answer(status=302, headers=[("location", to)])


async def test_bytes_and_type_are_fetched() -> None:
    async with LoopbackServer(answer(b"pixels", headers=[("content-type", "image/png")])) as server:
        fetch = fetcher(allow_private=True)
        assert await fetch(f"{server.url}/cat.png", None) == (b"pixels", "image/png")
        await fetch.close()
    assert server.requests[0].header("host") == server.url.removeprefix("http://")


async def test_media_are_asked_for_as_they_are() -> None:
    async with LoopbackServer(answer(b"pixels")) as server:
        fetch = fetcher(allow_private=True)
        await fetch(server.url, None)
        await fetch.close()
    assert server.requests[0].header("accept-encoding") == "identity"


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "192.168.1.1", "[::1]", "0.0.0.0"),
        *("2130706433", "100.64.0.1", "224.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    ],
)
async def test_private_addresses_are_refused_and_nothing_is_sent(host: str) -> None:
    with pytest.raises(MediaError, match="private address"):
        await fetcher()(f"http://{host}:9/secret", None)


async def test_a_name_that_points_inside_is_refused() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    with pytest.raises(MediaError, match="innocent.example is the private address 10.0.0.1"):
        await fetcher(resolve=resolve)("http://innocent.example/", None)


async def test_a_redirect_inside_is_refused() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with LoopbackServer(moved("http://10.0.0.1/secret")) as server:
        fetch = fetcher(resolve=resolve, allow_private=True)
        fetch._allow_private = False
        with pytest.raises(MediaError, match="private"):
            await fetch(server.url, None)
        await fetch.close()


async def test_redirects_are_followed_a_few_times() -> None:
    scripts = {"/a": moved("/b"), "/b": answer(b"there"), "/loop": moved("/loop")}
    async with LoopbackServer(scripts) as server:
        fetch = fetcher(allow_private=True)
        assert (await fetch(f"{server.url}/a", None))[0] == b"there"
        with pytest.raises(MediaError, match="redirects more than 5 times"):
            await fetch(f"{server.url}/loop", None)
        await fetch.close()


async def test_more_bytes_than_allowed_are_not_read() -> None:
    async with LoopbackServer(answer(b"x" * 1000)) as server:
        fetch = fetcher(allow_private=True)
        with pytest.raises(MediaError, match="more than 999 bytes"):
            await fetch(server.url, 999)
        await fetch.close()


async def test_failures_are_media_errors_that_hide_the_query() -> None:
    async with LoopbackServer({"/gone": answer(status=410), "/cut": cut([b"abc"])}) as server:
        fetch = fetcher(allow_private=True)
        with pytest.raises(MediaError, match="status 410") as caught:
            await fetch(f"{server.url}/gone?signature=secret", None)
        assert "secret" not in str(caught.value)
        with pytest.raises(MediaError, match="can't be fetched"):
            await fetch(f"{server.url}/cut", None)
        await fetch.close()
    for bad in ("ftp://example.org/a", "http://", "http://example.org:port/"):
        with pytest.raises(MediaError, match="is no"):
            await fetcher()(bad, None)

    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError(2, "Name or service not known")

    with pytest.raises(MediaError, match=r"nowhere.example can't be found"):
        await fetcher(resolve=nowhere)("http://nowhere.example/", None)


# --- behind a proxy of the environment ---


async def test_the_proxy_is_asked_and_resolves_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async with LoopbackServer(answer(b"pixels", headers=[("content-type", "image/png")])) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        fetch = fetcher(resolve=unresolved)
        assert await fetch("http://pictures.example/cat.png?size=1", None) == (b"pixels", "image/png")
        assert await fetch("http://93.184.215.14/cat.png", None) == (b"pixels", "image/png")
        await fetch.close()
    assert [request.path for request in proxy.requests] == [
        "http://pictures.example/cat.png?size=1",
        "http://93.184.215.14/cat.png",
    ]
    assert proxy.requests[0].header("host") == "pictures.example"


async def test_an_https_address_goes_through_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    async with LoopbackServer(answer(status=403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("http://", "http://me:secret@"))
        fetch = fetcher(resolve=unresolved)
        with pytest.raises(MediaError, match=r"can't be fetched from pictures.example \(through the proxy") as caught:
            await fetch("https://pictures.example/cat.png", None)
        await fetch.close()
    assert [(request.method, request.path) for request in proxy.requests] == [("CONNECT", "pictures.example:443")]
    assert proxy.requests[0].header("proxy-authorization") is not None
    assert "secret" not in str(caught.value)


async def test_the_server_behind_a_tunnel_must_be_who_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = pytest.importorskip("trustme", reason="TLS tests need the package trustme").CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pictures.example").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    options = TransportOptions(ca_bundle=str(tmp_path / "ca.pem"))
    async with LoopbackServer(answer(b"pixels"), tls=context) as server, LoopbackServer(tunnel(server.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        fetch = MediaFetcher(options, resolve=unresolved)
        assert (await fetch("https://pictures.example/cat.png", None))[0] == b"pixels"
        with pytest.raises(MediaError, match="certificate"):
            await fetch("https://other.example/cat.png", None)
        await fetch.close()
    assert [request.method for request in proxy.requests] == ["CONNECT"] * 2


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "printer.local", "metadata.google.internal"),
        *("2130706433", "0x7f000001", "127.1", "127.0.0.1.", "127\u30020\u30020\u30021", "169.254.169.254"),
        *("10.0.0.1", "[::1]", "[fe80::1]", "[::ffff:10.0.0.1]"),
    ],
)
async def test_what_is_private_by_its_name_or_digits_does_not_reach_the_proxy(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LoopbackServer(answer(b"pixels")) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with pytest.raises(MediaError, match="is a private"):
            await fetcher(resolve=unresolved)(f"http://{host}/secret", None)
    assert proxy.requests == []


async def test_a_redirect_inside_is_refused_behind_a_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with LoopbackServer(moved("http://10.0.0.1/secret")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        fetch = fetcher(resolve=unresolved)
        with pytest.raises(MediaError, match="10.0.0.1 is a private address"):
            await fetch("http://pictures.example/", None)
        await fetch.close()
    assert len(proxy.requests) == 1


async def test_an_exception_from_the_proxy_is_resolved_and_checked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.1"]

    async with LoopbackServer(answer()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "intranet.example")
        with pytest.raises(MediaError, match="private address"):
            await fetcher(resolve=resolve)("http://intranet.example/", None)
    assert proxy.requests == []


async def test_private_addresses_may_be_allowed_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with LoopbackServer(answer(b"pixels")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        fetch = fetcher(allow_private=True)
        assert (await fetch("http://10.0.0.1/a", None))[0] == b"pixels"
        await fetch.close()


async def test_the_environment_is_left_alone_where_it_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with LoopbackServer(answer(b"pixels")) as server, LoopbackServer(answer()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        fetch = MediaFetcher(TransportOptions(trust_env=False), allow_private=True)
        assert (await fetch(server.url, None))[0] == b"pixels"
        await fetch.close()
    assert proxy.requests == []


async def test_a_socks_proxy_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="SOCKS"):
        await fetcher()("http://pictures.example/", None)
