"""A provider that paints by a flow, a limiter that tells what became of its leases, and a client of both."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec

from modelscan import AsyncClient, hookimpl
from modelscan.contracts.flows import Done, Event, Lost, Send, Wait, Woken
from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.contracts.limiter import Demand
from modelscan.contracts.provider import Connection, Provider
from modelscan.errors import (
    CredentialError,
    JobError,
    OutcomeUnknownError,
)
from modelscan.limits.unlimited import Unlimited, UnlimitedLease
from modelscan.testing.scripted import Answer, PlainErrors, ScriptedTransport
from modelscan.types.content import Image
from modelscan.types.media import ImageReply, ImageRequest
from modelscan.types.usage import Usage
from modelscan.wire.failures import provider_error
from modelscan.wire.schemes import Bearer

ASKED = ImageRequest(prompt="a cat")


class State(msgspec.Struct, frozen=True):
    """How far the painter is: nothing yet, or the job's name."""

    job: str = ""
    is_painted: bool = False


@attrs.frozen
class Paints:
    """Submits, polls until the answer is `done`, and fetches the picture into a file."""

    version: int = 1
    poll_s: float = 0.0
    is_lost_asked: bool = True
    media_url: str = "https://media.example.org/picture"
    media_auth: str | None = None
    state_type: type[State] = State

    def start(self, request: ImageRequest, target: Target) -> Send[State]:
        headers = (("idempotency-key", target.idempotency_key),)
        return Send(
            HttpRequest(url=f"{target.base_url}/submit", headers=headers, body=request.prompt.encode()), State()
        )

    def resume(
        self, state: State, event: Event, request: ImageRequest, target: Target
    ) -> Send[State] | Wait[State] | Done[ImageReply]:
        if isinstance(event, Lost) and not state.job:
            if not self.is_lost_asked:
                raise OutcomeUnknownError(f"nobody knows whether it was submitted: {event.error}")
            return self.start(request, target)
        if isinstance(event, (Woken, Lost)):
            return self._fetch(state) if state.is_painted else self._poll(state, target)
        assert isinstance(event, HttpResponse)
        if event.status >= 400:
            raise provider_error(event)
        if not state.job:
            return Wait(seconds=self.poll_s, state=State(event.body.decode()), progress=0.0)
        if event.file is not None:
            picture = Image(path=event.file.path, media_type=event.file.media_type)
            return Done(ImageReply(images=(picture,), usage=Usage(images=1)))
        if event.body == b"done":
            return self._fetch(State(state.job, is_painted=True))
        if event.body == b"failed":
            raise JobError("the painter failed")
        return Wait(seconds=self.poll_s, state=state, progress=0.5)

    def cancel(self, state: State, target: Target) -> HttpRequest | None:
        return HttpRequest(method="DELETE", url=f"{target.base_url}/{state.job}") if state.job else None

    def verify(self, headers: Any, body: bytes, keys: bytes, now: Any) -> Any:
        raise CredentialError("the painter signs no webhooks")

    def _poll(self, state: State, target: Target) -> Send[State]:
        return Send(HttpRequest(method="GET", url=f"{target.base_url}/{state.job}", repeat="safe"), state)

    def _fetch(self, state: State) -> Send[State]:
        request = HttpRequest(method="GET", url=self.media_url, auth=self.media_auth, repeat="safe", sink=True)
        return Send(request, state)


PNG = (("content-type", "image/png"),)
SUBMITTED = Answer(pieces=[b"job-7"])
RUNNING = Answer(pieces=[b"running"])
PAINTED = Answer(pieces=[b"done"])
PICTURE = Answer(pieces=[b"\x89PNG", b" and so on"], headers=PNG)
WHOLE = (SUBMITTED, RUNNING, PAINTED, PICTURE)
HANG = Answer(hang=True)


class WatchedLease(UnlimitedLease):
    def __init__(self, steps: list[str]) -> None:
        super().__init__()
        self.steps = steps

    def _step(self, to: Any, *allowed: Any) -> None:
        super()._step(to, *allowed)
        self.steps.append(to)


class Watching(Unlimited):
    name = "watching"
    leases: list[list[str]]
    attached: list[bytes]

    def __init__(self) -> None:
        Watching.leases, Watching.attached = [], []

    async def reserve(self, demand: Demand) -> UnlimitedLease:
        Watching.leases.append([])
        return WatchedLease(Watching.leases[-1])

    def attach(self, token: bytes) -> UnlimitedLease:
        Watching.attached.append(token)
        lease = WatchedLease(Watching.leases[-1] if Watching.leases else [])
        if not Watching.leases:
            Watching.leases.append(lease.steps)
        lease.state = "sent"
        return lease


@hookimpl
def modelscan_limiter() -> type[Watching]:
    return Watching


def painter(flow: Any = None, name: str = "plain") -> Provider:
    connection = Connection(base_urls={"default": f"https://{name}.example.org"}, schemes={"default": Bearer()})
    return Provider(name=name, connection=connection, errors=PlainErrors(), image=flow or Paints())


def client_over(*steps: Any, flow: Any = None, **arguments: Any) -> AsyncClient:
    transport = arguments.pop("transport", None) or ScriptedTransport(*steps)
    given: dict[str, Any] = {
        "plugins": (painter(flow), SimpleNamespace(modelscan_limiter=modelscan_limiter)),
        "transport": transport,
        "api_keys": {"plain": "sk-1234567890", "other": "sk-0987654321"},
        "settings": {"retries.max_attempts": 2, "retries.base_s": 0.0, "client.limiter": "watching"},
        "config": False,
    }
    return AsyncClient(**given | arguments)


def methods(transport: ScriptedTransport) -> list[str]:
    return [f"{request.method} {request.url.rpartition('/')[2]}" for request in transport.requests]


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is inside the client
            await asyncio.sleep(0)
