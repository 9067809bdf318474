"""What comes back."""

from __future__ import annotations

import asyncio
import os
import zlib

import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts, Transport
from modelscan.errors import (
    DecodeError,
    TransportError,
)
from modelscan.testing.loopback import (
    answer,
    cut,
    endless,
    gzipped,
    informational,
    stream,
)
from modelscan.testing.transport_tests.lab import BIG, Fixtures, Lab, fetch


class AnswerSuite(Fixtures):
    """What comes back."""

    async def test_the_heads_names_are_in_lower_case_and_repeated_ones_stay_apart(
        self, transport: Transport, lab: Lab
    ) -> None:
        server = await lab.server(answer(headers=[("X-Request-ID", "Ab"), ("X-N", "1"), ("x-n", "2")]))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        await exchange.read()
        assert [pair for pair in exchange.head.headers if pair[0] != "content-length"] == [
            ("x-request-id", "Ab"),
            ("x-n", "1"),
            ("x-n", "2"),
        ]

    @pytest.mark.parametrize("status", [204, 400, 429, 500])
    async def test_any_status_is_an_answer(self, transport: Transport, lab: Lab, status: int) -> None:
        body = b"" if status == 204 else b"why"
        server = await lab.server(answer(body, status=status))
        assert await fetch(transport, HttpRequest(url=server.url)) == (status, body)

    async def test_the_answer_to_head_has_no_body(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(b"12345"))
        assert await fetch(transport, HttpRequest(method="HEAD", url=server.url)) == (200, b"")
        assert await fetch(transport, HttpRequest(method="HEAD", url=server.url)) == (200, b"")
        assert server.connections == 1

    async def test_pieces_come_as_they_arrive(self, transport: Transport, lab: Lab) -> None:
        gate = asyncio.Event()
        server = await lab.server(stream([b"one", b"two"], gate=gate))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        chunks = exchange.chunks()
        assert await anext(chunks) == b"one"
        gate.set()
        assert [chunk async for chunk in chunks] == [b"two"]

    async def test_read_gives_what_chunks_left(self, transport: Transport, lab: Lab) -> None:
        gate = asyncio.Event()
        server = await lab.server(stream([b"one", b"two"], gate=gate))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        assert await anext(exchange.chunks()) == b"one"
        gate.set()
        assert await exchange.read() == b"two"

    async def test_compressed_pieces_are_undone_as_they_arrive(self, transport: Transport, lab: Lab) -> None:
        gate = asyncio.Event()
        server = await lab.server(gzipped([b"one", b"two"], gate=gate))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        chunks = exchange.chunks()
        assert await anext(chunks) == b"one"
        gate.set()
        assert b"".join([chunk async for chunk in chunks]) == b"two"

    async def test_deflate_is_undone(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(zlib.compress(b"text"), headers=[("Content-Encoding", "deflate")]))
        assert await fetch(transport, HttpRequest(url=server.url)) == (200, b"text")

    async def test_broken_compression_is_an_error(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(b"this is no gzip", headers=[("Content-Encoding", "gzip")]))
        with pytest.raises((DecodeError, TransportError)):
            await fetch(transport, HttpRequest(url=server.url))

    async def test_compressed_data_that_ends_early_is_an_error(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(gzipped([os.urandom(4096)], keep_bytes=2000))
        with pytest.raises((DecodeError, TransportError)):
            await fetch(transport, HttpRequest(url=server.url))

    async def test_a_big_answer_arrives_whole(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(answer(BIG))
        assert await fetch(transport, HttpRequest(url=server.url)) == (200, BIG)

    async def test_informational_heads_are_passed_over(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(informational(b"done"))
        assert await fetch(transport, HttpRequest(url=server.url)) == (200, b"done")

    async def test_a_slow_drip_is_no_timeout(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(stream([b"."] * 12, gap_s=0.05))
        timeouts = Timeouts(connect_s=0.4, send_s=0.4, wait_s=0.4, read_s=0.4)
        assert await fetch(transport, HttpRequest(url=server.url), timeouts) == (200, b"." * 12)

    async def test_a_reader_that_stops_stops_the_server(self, transport: Transport, lab: Lab) -> None:
        server = await lab.server(endless(b"x" * 65536))
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        await anext(exchange.chunks())
        before = -1
        while before != server.written:  # until nothing more was taken for a while
            before = server.written
            await asyncio.sleep(0.1)
        assert server.written < 24 * 1024 * 1024
        for _ in range(512):
            await anext(exchange.chunks())
        await server.until(lambda: server.written > before, "the server to go on")
        await exchange.close()

    async def test_many_streams_with_cut_ones_among_them_disturb_each_other_not(
        self, transport: Transport, lab: Lab
    ) -> None:
        pieces = [b"a" * 100, b"b" * 100, b"c" * 100]
        server = await lab.server({"/whole": stream(pieces, gap_s=0.01), "/cut": cut(pieces[:2])})

        async def one(index: int) -> bytes | TransportError:
            path = "/cut" if index % 10 == 3 else "/whole"
            try:
                return (await fetch(transport, HttpRequest(url=server.url + path)))[1]
            except TransportError as error:
                return error

        results = await asyncio.gather(*(one(index) for index in range(100)))
        assert [isinstance(result, TransportError) for result in results] == [i % 10 == 3 for i in range(100)]
        assert {result for result in results if isinstance(result, bytes)} == {b"".join(pieces)}
        assert len(server.requests) == 100
