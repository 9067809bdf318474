"""Fetching media from addresses that somebody else wrote: public hosts only, a bounded size, redirects checked.

A name is resolved here, and the connection goes to the very address that was checked, so that a name which answers
differently the second time (DNS rebinding) gains nothing. Behind a proxy of the environment it is the proxy that
resolves: what is private by its name or by its digits is refused here, the rest is for the proxy to allow.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from modelscan.contracts.transport import TransportOptions
from modelscan.errors import ConfigurationError, MediaError

if TYPE_CHECKING:
    import httpx

    from modelscan.transport.proxies import Proxies

_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_DEFAULT_MAX_BYTES: Final = 100 * 1024 * 1024
_TIMEOUT_S: Final = 60.0
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_PRIVATE_NAMES: Final = ("localhost", "local", "internal")
"""Last labels of names that are never public: RFC 6761, RFC 6762, and ICANN's reservation of 2024."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


class MediaFetcher:
    """Gets addresses; `allow_private` also those of private networks and this machine (for tests and intranets).

    With the option `trust_env` it goes through the environment's proxies, as requests to providers do.
    """

    def __init__(
        self, options: TransportOptions, *, allow_private: bool = False, resolve: Resolve | None = None
    ) -> None:
        self._options = options
        self._allow_private = allow_private
        self._resolve = resolve or _resolved
        self._proxies: Proxies | None = None
        self._transports: dict[str | None, httpx.AsyncHTTPTransport] = {}

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
        transports, self._transports = list(self._transports.values()), {}
        for transport in transports:
            await transport.aclose()

    async def _get(self, url: str, limit: int) -> tuple[bytes, str] | str:
        """The content, or where it is redirected to."""
        import httpx

        parsed = _parsed(url)
        proxies, netloc = self._all_proxies(), parsed.netloc.decode("ascii")
        proxy = proxies.url_for(parsed.scheme, netloc)
        if proxy is None:
            address = await self._allowed(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80), url)
        else:
            address = parsed.host
            self._check_name(parsed.host, url)
        try:
            response = await self._open(proxy).handle_async_request(self._request(parsed, address))
            try:
                if response.status_code in _REDIRECTS and response.headers.get("location"):
                    return str(response.headers["location"])
                if response.status_code != 200:
                    raise MediaError(f"{_shown(url)} answered with status {response.status_code}")
                return await _read(response, url, limit), response.headers.get("content-type", "")
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            where = proxies.described(parsed.scheme, netloc)
            why = f"{type(error).__name__}: {error}"
            raise MediaError(f"{_shown(url)} can't be fetched from {where}: {why}") from error

    def _all_proxies(self) -> Proxies:
        """The environment's proxies, read with the first fetch: what reads them takes a while to import."""
        if self._proxies is None:
            from modelscan.transport.proxies import Proxies

            self._proxies = Proxies(trust_env=self._options.trust_env)
        return self._proxies

    def _request(self, parsed: httpx.URL, address: str) -> httpx.Request:
        import httpx

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
                raise _private(url, f"{host} is the private address {address}")
        return addresses[0]

    def _check_name(self, host: str, url: str) -> None:
        """Refuse what is private whoever resolves it. Raises `MediaError`."""
        if self._allow_private:
            return
        address = _literal(host)
        if address is not None and not _is_public(address):
            raise _private(url, f"{host} is a private address")
        name = host.rstrip(".").lower()
        if address is None and name.rpartition(".")[2] in _PRIVATE_NAMES:
            raise _private(url, f"{name} is a private name")

    def _open(self, proxy: str | None) -> httpx.AsyncHTTPTransport:
        transport = self._transports.get(proxy)
        if transport is None:
            transport = self._transports[proxy] = self._new_transport(proxy)
        return transport

    def _new_transport(self, proxy: str | None) -> httpx.AsyncHTTPTransport:
        import httpx

        from modelscan.transport.tls import ssl_context

        context = ssl_context(self._options)
        to_proxy = context if proxy is not None and proxy.startswith("https:") else None
        try:
            return httpx.AsyncHTTPTransport(
                verify=context,
                trust_env=False,
                proxy=None if proxy is None else httpx.Proxy(proxy, ssl_context=to_proxy),
            )
        except ImportError as error:
            raise ConfigurationError(
                "the environment names a SOCKS proxy, and its package isn't installed",
                advice="pip install 'httpx[socks]', or name an HTTP proxy.",
            ) from error


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


def _parsed(url: str) -> httpx.URL:
    import httpx

    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise MediaError(f"{_shown(url)} is no address: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise MediaError(f"{_shown(url)} is no http or https address", advice="Download it and pass the bytes.")
    return parsed


def _private(url: str, why: str) -> MediaError:
    return MediaError(
        f"{_shown(url)} was not fetched: {why}",
        advice="Read the file yourself and pass its bytes, if it may be sent to the provider.",
    )


def _literal(host: str) -> str | None:
    """The address that a host is written as, also in the old spellings (`127.1`, `0x7f000001`); None for a name."""
    try:
        return str(ipaddress.IPv6Address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


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
