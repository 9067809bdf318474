"""Proxies and trust."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts
from modelscan.errors import (
    ConnectError,
    TimeoutError,
)
from modelscan.testing.loopback import (
    LoopbackServer,
    answer,
    silent,
    tunnel,
)
from modelscan.testing.transport_tests.lab import SECRET, Fixtures, Lab, fetch, said


class EnvironmentSuite(Fixtures):
    """Proxies and trust."""

    @pytest.fixture
    def authority(self) -> Any:  # trustme.CA
        """A certificate authority of this test's own."""
        return pytest.importorskip("trustme", reason="TLS tests need the package trustme").CA()

    @pytest.fixture
    def tls(self, authority: Any) -> ssl.SSLContext:
        """A server's context for localhost, signed by the authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        return context

    @pytest.fixture
    def bundle(self, authority: Any, tmp_path: Path) -> str:
        """The authority's certificate in a file."""
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        return str(tmp_path / "ca.pem")

    async def test_a_proxy_of_the_environment_is_used(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        proxy = await lab.server(answer(b"by proxy"))
        monkeypatch.setenv("http_proxy", f"http://me:pass@127.0.0.1:{proxy.port}")
        assert await fetch(lab.transport(), HttpRequest(url="http://a.test/x")) == (200, b"by proxy")
        assert proxy.requests[0].path == "http://a.test/x"
        assert proxy.requests[0].header("proxy-authorization") == "Basic bWU6cGFzcw=="

    async def test_no_proxy_makes_exceptions(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        server = await lab.server(answer(b"direct"))
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1,b.test")
        assert await fetch(lab.transport(), HttpRequest(url=server.url)) == (200, b"direct")

    async def test_the_environment_can_be_left_out(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        server = await lab.server(answer(b"direct"))
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert await fetch(lab.transport(trust_env=False), HttpRequest(url=server.url)) == (200, b"direct")

    async def test_https_goes_through_a_proxys_tunnel(
        self, lab: Lab, tls: ssl.SSLContext, bundle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = await lab.server(answer(b"secret"), tls=tls)
        proxy = await lab.server(tunnel(server.port))
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://me:pass@"))
        transport = lab.transport(ca_bundle=bundle)
        request = HttpRequest(url=server.url, headers=(("authorization", SECRET),))
        assert await fetch(transport, request) == (200, b"secret")
        assert proxy.requests[0].method == "CONNECT"
        assert proxy.requests[0].header("proxy-authorization") == "Basic bWU6cGFzcw=="
        assert server.requests[0].header("proxy-authorization") is None
        assert SECRET not in str(proxy.requests[0].headers)

    async def test_a_proxy_that_refuses_is_a_failure_to_connect(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = await lab.server(answer(status=407))
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", f"://me:{SECRET}@"))
        request = HttpRequest(url=f"https://a.test/?key={SECRET}", headers=(("authorization", SECRET),))
        with pytest.raises(ConnectError) as caught:
            await fetch(lab.transport(), request)
        assert "407" in caught.value.message
        assert SECRET not in said(caught.value)

    @pytest.mark.parametrize("url", ["https://a.test/", "http://a.test/"])
    async def test_a_proxy_that_is_not_there_is_named_without_its_password(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch, url: str
    ) -> None:
        async with LoopbackServer(answer()) as gone:
            pass
        monkeypatch.setenv("ALL_PROXY", gone.url.replace("://", f"://me:{SECRET}@"))
        with pytest.raises(ConnectError, match=rf"a\.test \(through the proxy {gone.host}\)") as caught:
            await fetch(lab.transport(), HttpRequest(url=url))
        assert SECRET not in said(caught.value)

    async def test_a_proxy_that_never_answers_is_a_failure_to_connect(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = await lab.server(silent())
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(TimeoutError) as caught:
            await fetch(lab.transport(), HttpRequest(url="https://a.test/"), Timeouts(connect_s=0.1))
        assert caught.value.phase == "connect"

    async def test_a_ca_bundle_is_trusted(self, lab: Lab, tls: ssl.SSLContext, bundle: str) -> None:
        server = await lab.server(answer(b"ok"), tls=tls)
        assert await fetch(lab.transport(ca_bundle=bundle), HttpRequest(url=server.url)) == (200, b"ok")

    async def test_a_ca_bundle_of_the_environment_is_trusted(
        self, lab: Lab, tls: ssl.SSLContext, bundle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", bundle)
        server = await lab.server(answer(b"ok"), tls=tls)
        assert await fetch(lab.transport(), HttpRequest(url=server.url)) == (200, b"ok")

    async def test_a_certificate_of_an_unknown_authority_is_refused(self, lab: Lab, tls: ssl.SSLContext) -> None:
        server = await lab.server(answer(), tls=tls)
        with pytest.raises(ConnectError, match="certificate can't be trusted") as caught:
            await fetch(lab.transport(), HttpRequest(url=server.url))
        assert "SSL_CERT_FILE" in caught.value.advice
        assert server.requests == []

    async def test_a_server_can_be_trusted_unseen(self, lab: Lab, tls: ssl.SSLContext) -> None:
        server = await lab.server(answer(b"ok"), tls=tls)
        assert await fetch(lab.transport(verify=False), HttpRequest(url=server.url)) == (200, b"ok")

    async def test_an_answer_not_read_over_tls_closes_its_connection(
        self, lab: Lab, tls: ssl.SSLContext, bundle: str
    ) -> None:
        server = await lab.server(silent(head_first=True, piece=b"x"), tls=tls)
        transport = lab.transport(ca_bundle=bundle)
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        assert await anext(exchange.chunks()) == b"x"
        await exchange.close()
        await server.until_closed()
