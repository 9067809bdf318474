"""Fetching media: public hosts only, redirects checked, a bounded size."""

from __future__ import annotations

import pytest

from modelscan.contracts.transport import TransportOptions
from modelscan.errors import MediaError
from modelscan.testing.loopback import LoopbackServer, Script, answer, cut
from modelscan.transport.fetching import MediaFetcher


def fetcher(**options: object) -> MediaFetcher:
    return MediaFetcher(TransportOptions(), **options)  # type: ignore[arg-type]


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
    for bad in ("ftp://example.org/a", "http://"):
        with pytest.raises(MediaError, match="is no"):
            await fetcher()(bad, None)

    async def nowhere(host: str, port: int) -> list[str]:
        raise OSError(2, "Name or service not known")

    with pytest.raises(MediaError, match=r"nowhere.example can't be found"):
        await fetcher(resolve=nowhere)("http://nowhere.example/", None)
