"""ModelScan as one of the clients of the peers benchmark: give this file as its `--extra`."""

from collections.abc import Callable

from peers import KEY, MODEL, MSGS, Client, client  # type: ignore[import-not-found]  # the benchmark runs this file

from modelscan import AsyncClient
from modelscan.types.messages import Message, system, user


class _ModelScan(Client):  # type: ignore[misc]  # see above
    transport = "httpx"

    async def setup(self) -> None:
        def made(base: str) -> AsyncClient:
            return AsyncClient(
                base_urls={"openai": base}, api_keys={"openai": KEY}, transport=self.transport, config=False
            )

        self.calls, self.streams = made(self.base), made(self.stream_base)
        self.model = f"openai/{MODEL}"
        roles: dict[str, Callable[..., Message]] = {"system": system, "user": user}
        self.messages: list[Message] = [roles[message["role"]](message["content"]) for message in MSGS]

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
