"""The aiohttp transport passes the suite."""

from __future__ import annotations

import pytest
from yarl import URL

from modelscan.contracts.transport import TransportOptions
from modelscan.testing.transport_suite import TransportSuite
from modelscan.transport.proxies import Proxies
from modelscan.transport.tls import ssl_context
from modelscan_transport_aiohttp import AiohttpTransport, modelscan_transport
from modelscan_transport_aiohttp.network import Way


class TestAiohttpTransport(TransportSuite):
    factory = staticmethod(AiohttpTransport)


def test_the_transport_is_found_under_its_name() -> None:
    assert modelscan_transport().name == "aiohttp"


def test_an_https_proxy_is_met_with_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "https://me:pass@proxy.test:1")
    monkeypatch.delenv("no_proxy", raising=False)
    way = Way.to(URL("http://a.test/"), "a.test", TransportOptions(), Proxies(trust_env=True))
    assert way.arguments == {"proxy": URL("https://proxy.test:1"), "ssl": ssl_context(TransportOptions())}
    assert way.headers == [("Proxy-Authorization", "Basic bWU6cGFzcw==")]
