"""The small parts: trust, proxies, failures, headers, what is imported when."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts, Transport, TransportOptions
from modelscan.errors import ConfigurationError
from modelscan.transport import websocket
from modelscan.transport.defaults import socket_options
from modelscan.transport.failures import broken
from modelscan.transport.httpx_transport import HttpxTransport, modelscan_transport
from modelscan.transport.proxies import Proxies
from modelscan.transport.tls import ssl_context


def test_one_context_serves_all_that_trust_the_same() -> None:
    assert ssl_context(TransportOptions()) is ssl_context(TransportOptions(user_agent="other"))


def test_contexts_with_and_without_http2_are_apart() -> None:
    assert ssl_context(TransportOptions()) is not ssl_context(TransportOptions(), http2=True)


def test_a_context_that_verifies_nothing_says_so() -> None:
    context = ssl_context(TransportOptions(verify=False))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_folder_of_certificates_is_a_bundle(tmp_path: Path) -> None:
    assert ssl_context(TransportOptions(ca_bundle=str(tmp_path))).verify_mode == ssl.CERT_REQUIRED


def test_a_bundle_of_the_environment_counts_only_where_it_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert ssl_context(TransportOptions(trust_env=False)) is not ssl_context(TransportOptions())


@pytest.mark.parametrize("content", [None, b"no certificate"])
def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"ca\.pem"):
        ssl_context(TransportOptions(ca_bundle=str(path)))


@pytest.mark.parametrize(
    ("scheme", "host", "proxy"),
    [
        ("https", "a.test", "http://secure:1"),
        ("wss", "a.test:8443", "http://secure:1"),
        ("http", "a.test", "socks5://all:3"),
        ("https", "inside.test", None),
        ("https", "deep.inside.test:99", None),
    ],
)
def test_the_proxy_is_chosen_by_scheme_and_host(
    monkeypatch: pytest.MonkeyPatch, scheme: str, host: str, proxy: str | None
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "secure:1")
    monkeypatch.setenv("all_proxy", "socks5://all:3")
    monkeypatch.setenv("no_proxy", "inside.test")
    proxies = Proxies(trust_env=True)
    assert proxies.url_for(scheme, host) == proxy
    assert proxies.url_for(scheme, host) == proxy


@pytest.mark.parametrize("proxy", ["junk://user:secret@x", "foo:bar", "http://[::1", "http://", "http://a:99999"])
def test_a_proxy_that_makes_no_sense_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(ConfigurationError, match="no proxy's address") as caught:
        Proxies(trust_env=True).url_for("https", "a.test")
    assert "HTTPS_PROXY" in caught.value.advice
    assert "secret" not in str(caught.value)


def test_a_dead_connection_is_noticed_by_the_kernel() -> None:
    with socket.socket() as opened:
        for option in socket_options():
            opened.setsockopt(*option)
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError("nothing to say"), "no connection to a.test"),
        (OSError(113, "No route to host"), "no connection to a.test: no route to host"),
        (ssl.SSLError(1, "[SSL] wrong"), "no connection to a.test: TLS failed (closed in the handshake)"),
        (
            ExceptionGroup("all", [ConnectionRefusedError(111, "refused")]),
            "no connection to a.test: nothing listens there",
        ),
    ],
)
def test_a_failure_says_what_is_known(error: BaseException, text: str) -> None:
    assert broken("connect", "a.test", error).message == text


def test_a_failure_whose_causes_go_in_a_circle_is_told_too() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert broken("read", "a.test", first).message == "the connection to a.test was cut in the middle of its answer"


def test_the_transport_is_found_under_its_name() -> None:
    factory = modelscan_transport()
    assert factory.name == "httpx"
    assert isinstance(factory(TransportOptions()), Transport)


async def test_a_websocket_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    websocket._library.cache_clear()
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    with pytest.raises(ConfigurationError) as caught:
        await HttpxTransport().connect(HttpRequest(url="ws://127.0.0.1:1"), timeouts=Timeouts())
    assert "modelscan-core[websockets]" in caught.value.advice


def test_a_websockets_way_leads_through_tls_and_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "https://proxy.test:1")
    monkeypatch.delenv("no_proxy", raising=False)
    way = websocket._way(urlsplit("wss://a.test/x"), TransportOptions(), Proxies(trust_env=True))
    context = ssl_context(TransportOptions())
    assert way == {"proxy": "https://proxy.test:1", "ssl": context, "proxy_ssl": context}


async def test_a_socks_proxy_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigurationError) as caught:
        await HttpxTransport().send(HttpRequest(url="http://a.test/"), timeouts=Timeouts())
    assert "socks" in caught.value.advice


def test_no_certificates_are_loaded_for_http() -> None:
    code = (
        "import asyncio, ssl\n"
        "from modelscan.contracts.http import HttpRequest\n"
        "from modelscan.contracts.transport import Timeouts\n"
        "from modelscan.errors import ConnectError\n"
        "from modelscan.transport.httpx_transport import HttpxTransport\n"
        "def load(*_, **__): raise AssertionError('certificates were loaded')\n"
        "ssl.create_default_context = load\n"
        "try: asyncio.run(HttpxTransport().send(HttpRequest(url='http://127.0.0.1:9/'), timeouts=Timeouts()))\n"
        "except ConnectError: print('ok')\n"
    )
    environment = {"PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "ok\n", done.stderr
