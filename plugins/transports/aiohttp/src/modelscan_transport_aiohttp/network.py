"""Sockets, and the way to a host: TLS and proxies, as aiohttp wants them said."""

from __future__ import annotations

import base64
import socket
from typing import Any, Self

import attrs
from yarl import URL

from modelscan.contracts.transport import TransportOptions
from modelscan.transport.defaults import socket_options
from modelscan.transport.proxies import Proxies
from modelscan.transport.tls import ssl_context

_SECURE = ("https", "wss")


def open_socket(address: tuple[Any, ...]) -> socket.socket:  # aiohttp's AddrInfoType: what getaddrinfo gives
    """A socket whose silent death the kernel notices."""
    family, kind, protocol = address[:3]
    opened = socket.socket(family=family, type=kind, proto=protocol)
    for option in socket_options():
        opened.setsockopt(*option)
    return opened


@attrs.frozen
class Way:
    """How a host is reached: keyword arguments for aiohttp, and headers for a proxy that reads the request itself."""

    arguments: dict[str, Any]
    headers: list[tuple[str, str]]

    @classmethod
    def to(cls, url: URL, host: str, options: TransportOptions, proxies: Proxies) -> Self:
        """The way to a URL's host."""
        arguments: dict[str, Any] = {}
        headers: list[tuple[str, str]] = []
        is_secure = url.scheme in _SECURE
        found = proxies.url_for(url.scheme, host)
        proxy = None if found is None else URL(found)
        if is_secure or (proxy is not None and proxy.scheme == "https"):
            arguments["ssl"] = ssl_context(options)
        if proxy is not None:
            arguments["proxy"] = proxy.with_user(None)
            credentials = _basic(proxy)
            if is_secure and credentials:
                arguments["proxy_headers"] = dict(credentials)
            else:
                headers += credentials
        return cls(arguments, headers)


def _basic(proxy: URL) -> list[tuple[str, str]]:
    if proxy.user is None:
        return []
    pair = f"{proxy.user}:{proxy.password or ''}".encode()
    return [("Proxy-Authorization", f"Basic {base64.b64encode(pair).decode()}")]
