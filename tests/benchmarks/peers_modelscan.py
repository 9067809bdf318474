"""ModelScan as one of the clients of the peers benchmark: give this file as its `--extra`.

The interpreters of the other clients load it too, and have no ModelScan: it is imported when it is set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peers import KEY, MODEL, MSGS, Client, client, sse_texts, structs  # type: ignore[import-not-found]  # the benchmark runs this file

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelscan import AsyncClient, Message
    from modelscan.contracts.transport import Exchange


class _ModelScan(Client):  # type: ignore[misc]  # see above
    transport = "httpx"

    async def setup(self) -> None:
        from modelscan import AsyncClient, system, user

        def made(base: str) -> AsyncClient:
            return AsyncClient(
                base_urls={"openai": base}, api_keys={"openai": KEY}, transport=self.transport, config=False
            )

        self.calls, self.streams = made(self.base), made(self.stream_base)
        self.model = f"openai/{MODEL}"
        roles: dict[str, Callable[[str], Message]] = {"system": system, "user": user}
        self.messages = [roles[message["role"]](message["content"]) for message in MSGS]

    async def call(self) -> str:
        return (await self.calls.chat(self.messages, model=self.model)).text

    async def stream(self) -> tuple[int, str]:
        async with self.streams.stream(self.messages, model=self.model) as stream:
            texts = [chunk.text async for chunk in stream if chunk.text]
        return len(texts), "".join(texts)

    async def embed(self) -> int:
        return len((await self.calls.embed("hello", model="openai/text-embedding-3-small")).vectors[0])

    async def close(self) -> None:
        await self.calls.close()
        await self.streams.close()


@client("modelscan", "modelscan-core")
class ModelScanHttpx(_ModelScan):
    pass


@client("modelscan_aiohttp", "modelscan-core")
class ModelScanAiohttp(_ModelScan):
    transport = "aiohttp"


class _TransportAlone(Client):  # type: ignore[misc]  # as above
    """The floor below the client: one of our transports and msgspec's decoding, and nothing in between."""

    name_of_transport = "httpx"

    async def setup(self) -> None:
        from modelscan.contracts.transport import TransportOptions
        from modelscan.plugins import Plugins

        self.decode, self.decode_chunk, self.decode_vectors, self.encode = structs()
        self.transport = Plugins().transport(self.name_of_transport)(TransportOptions())

    async def _send(self, url: str, body: object) -> Exchange:
        from modelscan.contracts.http import HttpRequest
        from modelscan.contracts.transport import Timeouts

        headers = (("authorization", f"Bearer {KEY}"), ("content-type", "application/json"))
        request = HttpRequest(url=url, headers=headers, body=self.encode(body))
        return await self.transport.send(request, timeouts=Timeouts())

    async def call(self) -> str:
        exchange = await self._send(f"{self.base}/chat/completions", {"model": MODEL, "messages": MSGS})
        text: str = self.decode(await exchange.read()).choices[0].message.content
        await exchange.close()
        return text

    async def stream(self) -> tuple[int, str]:
        body = {"model": MODEL, "messages": MSGS, "stream": True}
        exchange = await self._send(f"{self.stream_base}/chat/completions", body)
        texts: list[str] = []
        rest = b""
        async for piece in exchange.chunks():
            rest = sse_texts(self.decode_chunk, rest + piece, texts)
        await exchange.close()
        return len(texts), "".join(texts)

    async def embed(self) -> int:
        exchange = await self._send(f"{self.base}/embeddings", {"model": "text-embedding-3-small", "input": "hello"})
        vector = self.decode_vectors(await exchange.read()).data[0].embedding
        await exchange.close()
        return len(vector)

    async def close(self) -> None:
        await self.transport.close()


@client("transport_httpx", "modelscan-core")
class TransportHttpx(_TransportAlone):
    pass


@client("transport_aiohttp", "modelscan-core")
class TransportAiohttp(_TransportAlone):
    name_of_transport = "aiohttp"
