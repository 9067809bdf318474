"""Fetching media from addresses that somebody else wrote: public hosts only, a bounded size, redirects checked.

A name is resolved here, and the connection goes to the very address that was checked, so that a name which answers
differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from modelscan.contracts.transport import TransportOptions
from modelscan.errors import MediaError

if TYPE_CHECKING:
    import httpx

_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_DEFAULT_MAX_BYTES: Final = 100 * 1024 * 1024
_TIMEOUT_S: Final = 60.0
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

Resolve = Callable[[str, int], Awaitable[list[str]]]


class MediaFetcher:
    """Gets addresses; `allow_private` also those of private networks and this machine (for tests and intranets)."""

    def __init__(
        self, options: TransportOptions, *, allow_private: bool = False, resolve: Resolve | None = None
    ) -> None:
        self._options = options
        self._allow_private = allow_private
        self._resolve = resolve or _resolved
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def __call__(self, url: str, max_bytes: int | None) -> tuple[bytes, str]:
        """The bytes and their media type. Raises `MediaError`; its message says which address was refused, and why."""
        limit = _DEFAULT_MAX_BYTES if max_bytes is None else max_bytes
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                for _ in range(_MOST_REDIRECTS + 1):
                    answer = await self._get(url, limit)
                    if isinstance(answer, tuple):
                        return answer
                    url = urljoin(url, answer)
        except TimeoutError:
            raise MediaError(f"{_shown(url)} took longer than {_TIMEOUT_S:.0f} s") from None
        raise MediaError(f"{_shown(url)} redirects more than {_MOST_REDIRECTS} times")

    async def close(self) -> None:
        """Close what is open."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _get(self, url: str, limit: int) -> tuple[bytes, str] | str:
        """The content, or where it is redirected to."""
        import httpx

        request = await self._request(url)
        try:
            response = await self._open().handle_async_request(request)
            try:
                if response.status_code in _REDIRECTS and response.headers.get("location"):
                    return str(response.headers["location"])
                if response.status_code != 200:
                    raise MediaError(f"{_shown(url)} answered with status {response.status_code}")
                return await _read(response, url, limit), response.headers.get("content-type", "")
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise MediaError(f"{_shown(url)} can't be fetched: {type(error).__name__}: {error}") from error

    async def _request(self, url: str) -> httpx.Request:
        import httpx

        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise MediaError(f"{_shown(url)} is no address: {error}") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise MediaError(f"{_shown(url)} is no http or https address", advice="Download it and pass the bytes.")
        address = await self._allowed(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80), url)
        agent = self._options.user_agent
        return httpx.Request(
            "GET",
            parsed.copy_with(host=address),
            headers={"host": parsed.netloc.decode("ascii"), "accept-encoding": "identity", "user-agent": agent},
            extensions={
                "sni_hostname": parsed.host,
                "timeout": dict.fromkeys(("connect", "read", "write"), _TIMEOUT_S),
            },
        )

    async def _allowed(self, host: str, port: int, url: str) -> str:
        """The address to connect to. All addresses of the host must be allowed, so that none is reached by luck."""
        try:
            addresses = await self._resolve(host, port)
        except OSError as error:
            raise MediaError(f"{_shown(url)}: the host {host} can't be found: {error.strerror or error}") from None
        for address in addresses:
            if not self._allow_private and not _is_public(address.partition("%")[0]):
                raise MediaError(
                    f"{_shown(url)} was not fetched: {host} is the private address {address}",
                    advice="Read the file yourself and pass its bytes, if it may be sent to the provider.",
                )
        return addresses[0]

    def _open(self) -> httpx.AsyncHTTPTransport:
        if self._transport is None:
            import httpx

            from modelscan.transport.tls import ssl_context

            self._transport = httpx.AsyncHTTPTransport(verify=ssl_context(self._options), trust_env=False)
        return self._transport


def _is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also the IPv4 address that an IPv6 one may stand for."""
    found = ipaddress.ip_address(address)
    if found.is_multicast or not found.is_global:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return True
    inside = found.ipv4_mapped or found.sixtofour
    if found in _NAT64:
        inside = ipaddress.IPv4Address(found.packed[-4:])
    return inside is None or _is_public(str(inside))


async def _read(response: httpx.Response, url: str, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > limit:
            raise MediaError(f"{_shown(url)} has more than {limit:,} bytes, which is the most that is taken")
        pieces.append(piece)
    return b"".join(pieces)


async def _resolved(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def _shown(url: str) -> str:
    """An address without its query, which may hold a signature."""
    return url.partition("?")[0][:200]
