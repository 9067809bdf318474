"""The replay transport."""

from __future__ import annotations

import pytest

from modelscan.contracts.http import Field, HttpRequest, Multipart, ResponseHead
from modelscan.contracts.transport import Timeouts, Transport, TransportOptions
from modelscan.errors import InvalidRequestError, TransportError, UnsupportedError
from modelscan.transport.replay import Interaction, ReplayTransport, modelscan_transport

URL = "https://a.test/chat"


def _interaction(body: bytes, *chunks: bytes | TransportError) -> Interaction:
    return HttpRequest(url=URL, body=body), ResponseHead(200, (("content-type", "text/plain"),)), chunks


async def _read(transport: Transport, body: bytes) -> bytes:
    exchange = await transport.send(HttpRequest(url=URL, body=body), timeouts=Timeouts())
    return await exchange.read()


async def test_json_is_matched_by_value() -> None:
    transport = ReplayTransport([_interaction(b'{"a": 1, "b": [true]}', b"one", b"two")])
    exchange = await transport.send(HttpRequest(url=URL, body=b'{"b":[true],"a":1}'))
    assert exchange.head.media_type == "text/plain"
    assert [chunk async for chunk in exchange.chunks()] == [b"one", b"two"]
    assert transport.remaining == 0


async def test_equal_requests_get_their_answers_in_order() -> None:
    transport = ReplayTransport(
        [_interaction(b"1", b"first"), _interaction(b"2", b"other"), _interaction(b"1", b"last")]
    )
    assert [await _read(transport, body) for body in (b"1", b"1", b"2")] == [b"first", b"last", b"other"]


async def test_a_body_that_is_no_json_is_matched_as_it_is() -> None:
    form = Multipart((Field("a", "1"),))
    transport = ReplayTransport([(HttpRequest(url=URL, body=form), ResponseHead(200), [b"ok"])])
    exchange = await transport.send(HttpRequest(url=URL, body=form))
    assert await exchange.read() == b"ok"
    with pytest.raises(InvalidRequestError, match="no recorded answer is left for POST https://a.test/chat"):
        await transport.send(HttpRequest(url=URL, body=form))


async def test_an_unmatched_request_shows_what_differs_from_the_nearest() -> None:
    transport = ReplayTransport(
        [
            _interaction(b'{"model": "x", "messages": [{"content": "hi"}], "n": 1}'),
            _interaction(b"entirely different"),
        ]
    )
    sent = HttpRequest(method="PUT", url=f"{URL}?key=secret", body=b'{"model":"x","messages":[{"content":"ho"}],"m":1}')
    with pytest.raises(InvalidRequestError) as caught:
        await transport.send(sent)
    lines = [line.strip() for line in caught.value.message.splitlines()]
    assert lines[0].startswith("no recorded answer fits PUT https://a.test/chat;")
    assert "method: recorded 'POST', sent 'PUT'" in lines
    assert "body.messages[0].content: recorded 'hi', sent 'ho'" in lines
    assert "body.n: recorded 1, sent nothing" in lines
    assert transport.remaining == 2


async def test_many_differences_are_cut_short() -> None:
    transport = ReplayTransport([_interaction(b'{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1}')])
    with pytest.raises(InvalidRequestError, match="and 2 more"):
        await _read(transport, b'{"a":"' + b"x" * 500 + b'","b":2,"c":2,"d":2,"e":2,"f":2,"g":2}')


async def test_a_recorded_cut_is_raised_where_it_was() -> None:
    transport = ReplayTransport([_interaction(b"1", b"half", TransportError("cut", phase="read"))])
    exchange = await transport.send(HttpRequest(url=URL, body=b"1"))
    chunks = exchange.chunks()
    assert await anext(chunks) == b"half"
    with pytest.raises(TransportError, match="cut"):
        await anext(chunks)


async def test_a_closed_exchange_gives_nothing_more() -> None:
    transport = ReplayTransport([_interaction(b"1", b"one", b"two")])
    exchange = await transport.send(HttpRequest(url=URL, body=b"1"))
    await exchange.close()
    assert await exchange.read() == b""


async def test_the_same_answer_always() -> None:
    transport = ReplayTransport.always(ResponseHead(200), [b"same"])
    assert isinstance(transport, Transport)
    assert [await _read(transport, b"1"), await _read(transport, b"2")] == [b"same", b"same"]
    with pytest.raises(UnsupportedError):
        await transport.connect(HttpRequest(url="wss://a.test"))
    await transport.close()


async def test_the_transport_named_replay_lets_nothing_out() -> None:
    factory = modelscan_transport()
    assert factory.name == "replay"
    transport = factory(TransportOptions())
    assert isinstance(transport, Transport)
    with pytest.raises(InvalidRequestError, match="no recorded answer is left"):
        await _read(transport, b"1")
    with pytest.raises(UnsupportedError):
        await transport.connect(HttpRequest(url="wss://a.test"))
    await transport.close()
