"""Which proxy a URL goes through by the environment: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY; NO_PROXY makes exceptions."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from modelscan.errors import ConfigurationError

_AS_HTTP = {"ws": "http", "wss": "https"}
_SCHEMES = ("http", "https", "socks5", "socks5h")
_ADVICE = "Write HTTPS_PROXY (HTTP_PROXY, ALL_PROXY) as http://host:port, or unset transport.trust_env."


class Proxies:
    """The environment's proxies, read once; a system's own settings count on macOS and Windows."""

    def __init__(self, *, trust_env: bool) -> None:
        self._by_scheme = {name: url for name, url in getproxies().items() if url} if trust_env else {}
        self._found: dict[tuple[str, str], str | None] = {}

    def url_for(self, scheme: str, host: str) -> str | None:
        """The proxy's URL for a scheme (`http`, `https`, `ws`, `wss`) and a host with its port; None for none.

        Raises `ConfigurationError` for a proxy whose address makes no sense.
        """
        if not self._by_scheme:
            return None
        key = (scheme, host)
        if key not in self._found:
            self._found[key] = self._look_up(_AS_HTTP.get(scheme, scheme), host)
        return self._found[key]

    def described(self, scheme: str, host: str) -> str:
        """The host as an error names it: with the proxy that stands before it, without the proxy's password."""
        proxy = self.url_for(scheme, host)
        if proxy is None:
            return host
        return f"{host} (through the proxy {proxy.rpartition('://')[2].rpartition('@')[2].rstrip('/')})"

    def _look_up(self, scheme: str, host: str) -> str | None:
        proxy = self._by_scheme.get(scheme) or self._by_scheme.get("all")
        if proxy is None or proxy_bypass(host):
            return None
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        if not _is_usable(proxy):
            shown = proxy.rpartition("@")[2]
            raise ConfigurationError(
                f"the environment names the proxy {shown!r}, which is no proxy's address", advice=_ADVICE
            )
        return proxy


def _is_usable(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy)
        return parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of the port, or of brackets that don't match
        return False
