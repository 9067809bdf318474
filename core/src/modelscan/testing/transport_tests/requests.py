"""What arrives at the server."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest

from modelscan.contracts.http import Field, FileRef, HttpRequest, Multipart
from modelscan.contracts.transport import Timeouts, Transport
from modelscan.errors import (
    InvalidRequestError,
    MediaError,
)
from modelscan.testing.loopback import (
    answer,
    deaf,
)
from modelscan.testing.transport_tests.lab import BIG, SECRET, Fixtures, Lab, fetch, said
from modelscan.transport.bodies import sha256


class RequestSuite(Fixtures):
    """What arrives at the server."""

    async def test_a_request_arrives_as_it_was_described_and_with_no_other_headers(self, lab: Lab) -> None:
        server = await lab.server(answer(b"ok"))
        request = HttpRequest(url=f"{server.url}/a%2Fb?q=%20x&z=1", headers=(("X-Test", "1"),), body=b'{"a":1}')
        assert await fetch(lab.transport(user_agent="ours/1"), request) == (200, b"ok")
        [received] = server.requests
        assert (received.method, received.path, received.body) == ("POST", "/a%2Fb?q=%20x&z=1", b'{"a":1}')
        assert {name.lower(): value for name, value in received.headers} == {
            "host": server.host,
            "x-test": "1",
            "user-agent": "ours/1",
            "accept-encoding": "gzip, deflate",
            "content-length": "7",
        }

    async def test_the_requests_own_headers_win(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer())
        own = (("User-Agent", "mine"), ("Accept-Encoding", "identity"), ("Host", "other.test"))
        await fetch(transport, HttpRequest(method="GET", url=server.url, headers=own))
        [received] = server.requests
        sent = [(name.lower(), value) for name, value in received.headers]
        assert sorted(sent) == [("accept-encoding", "identity"), ("host", "other.test"), ("user-agent", "mine")]

    async def test_a_post_without_a_body_says_so(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer())
        await fetch(transport, HttpRequest(url=server.url))
        assert server.requests[0].header("content-length") == "0"
        assert server.requests[0].header("content-type") is None

    async def test_a_repeated_header_is_sent_twice(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer())
        await fetch(transport, HttpRequest(url=server.url, headers=(("X-A", "1"), ("X-A", "2"))))
        assert [value for name, value in server.requests[0].headers if name.lower() == "x-a"] == ["1", "2"]

    async def test_a_big_body_arrives_whole(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer())
        await fetch(transport, HttpRequest(url=server.url, body=BIG))
        assert server.requests[0].body == BIG

    async def test_a_file_is_streamed_with_its_length_and_can_be_sent_again(
        self, transport: Transport, lab: Lab, tmp_path: Path
    ) -> None:
        server = await lab.server(answer())
        path = tmp_path / "speech.wav"
        path.write_bytes(BIG[: 700 * 1024])
        request = HttpRequest(url=server.url, body=FileRef(str(path), "audio/wav"))
        await fetch(transport, request)
        await fetch(transport, request)
        first, second = server.requests
        assert first.body == second.body == BIG[: 700 * 1024]
        assert first.header("content-type") == "audio/wav"
        assert first.header("transfer-encoding") is None

    async def test_a_form_with_a_file_arrives_as_it_was_hashed(
        self, transport: Transport, lab: Lab, tmp_path: Path
    ) -> None:
        server = await lab.server(answer())
        path = tmp_path / "speech.wav"
        path.write_bytes(BIG[: 300 * 1024])
        form = Multipart((Field("model", "whisper"), Field("file", FileRef(str(path), "audio/wav"))))
        await fetch(transport, HttpRequest(url=server.url, body=form, headers=(("Content-Type", "multipart/x"),)))
        [received] = server.requests
        assert hashlib.sha256(received.body).hexdigest() == await sha256(form)
        kind = received.header("content-type") or ""
        assert kind.startswith("multipart/form-data; boundary=")
        assert received.body.startswith(b"--" + kind.partition("=")[2].encode())

    async def test_a_missing_file_is_refused_before_anything_is_sent(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer())
        with pytest.raises(MediaError, match="no such file"):
            await fetch(transport, HttpRequest(url=server.url, body=FileRef("/nowhere/a.wav")))
        assert server.connections == 0

    async def test_a_file_that_changes_while_it_is_sent_is_an_error(
        self, transport: Transport, lab: Lab, tmp_path: Path
    ) -> None:
        gate = asyncio.Event()
        server = await lab.server(deaf(gate))
        path = tmp_path / "growing.bin"
        path.write_bytes(BIG)
        sending = asyncio.create_task(fetch(transport, HttpRequest(url=server.url, body=FileRef(str(path)))))
        await server.until_requests(1)
        path.write_bytes(b"short")
        gate.set()
        with pytest.raises(MediaError, match="changed"):
            await sending

    async def test_no_redirect_is_followed(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(status=307, headers=[("Location", "/other")]))
        assert (await fetch(transport, HttpRequest(url=server.url)))[0] == 307
        assert len(server.requests) == 1

    async def test_no_cookie_is_kept(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(headers=[("Set-Cookie", "session=1; Path=/")]))
        for _ in range(2):
            await fetch(transport, HttpRequest(method="GET", url=server.url))
        assert server.requests[1].header("cookie") is None

    async def test_no_netrc_is_read(
        self, transport: Transport, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password secret\ndefault login me password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        server = await lab.server(answer())
        await fetch(transport, HttpRequest(url=server.url))
        assert server.requests[0].header("authorization") is None

    @pytest.mark.parametrize("value", [f"Bearer {SECRET}\n", f" {SECRET}", f"{SECRET}\x00", f"{SECRET}é"])
    async def test_a_header_that_http_cannot_carry_is_refused_without_showing_it(
        self, transport: Transport, lab: Lab, value: str
    ) -> None:
        server = await lab.server(answer())
        with pytest.raises(InvalidRequestError, match="authorization") as caught:
            await fetch(transport, HttpRequest(url=server.url, headers=(("authorization", value),)))
        assert SECRET not in said(caught.value)
        assert server.connections == 0

    @pytest.mark.parametrize(
        "url",
        ["ftp://a.test/x", "nonsense", "http://", "http://[::1/", "http://a:b/", f"http://me:{SECRET}@127.0.0.1/"],
    )
    async def test_a_url_that_cannot_be_sent_to_is_refused(self, transport: Transport, url: str) -> None:
        with pytest.raises(InvalidRequestError) as caught:
            await fetch(transport, HttpRequest(url=url))
        assert SECRET not in said(caught.value)
        with pytest.raises(InvalidRequestError):
            await transport.connect(HttpRequest(url=url), timeouts=Timeouts())
