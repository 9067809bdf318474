"""What of a job is stored, and how it is read again: the request once, and where the flow stands before each step."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs
import msgspec

from modelscan.contracts.flows import Flow, FlowStore
from modelscan.errors import InvalidRequestError
from modelscan.types import versioned
from modelscan.types.requests import REQUEST_TYPES
from modelscan.types.versioned import VersionError

V = TypeVar("V")

_FINISH_IT = "finish the job with the release that began it, or delete it from its store"


class StoredStep(msgspec.Struct, frozen=True, kw_only=True):
    """Where a flow stands.

    `is_sent` says that its request may have gone out; `lease` is the token of the lease that the flow holds.
    """

    provider: str
    account: str
    model: str
    capability: str
    idempotency_key: str
    flow_version: int
    is_sent: bool
    state: bytes
    lease: bytes = b""

    @property
    def candidate(self) -> str:
        """The one model of one account that has the job, as a call names it."""
        return f"{self.provider}@{self.account}/{self.model}"

    def state_of(self, flow: Flow[Any, Any, Any]) -> Any:
        """The state Struct. Raises `VersionError` for one that another version of the flow wrote."""
        if self.flow_version != flow.version:
            raise VersionError(
                f"the job was stored by version {self.flow_version} of {self.provider}'s {self.capability}, "
                f"and this is version {flow.version}: {_FINISH_IT}"
            )
        return read(self.state, flow.state_type)


@attrs.frozen(eq=False)
class StoredJob:
    """One job in a store."""

    id: str
    store: FlowStore

    async def put_request(self, request: msgspec.Struct) -> None:
        """Store the request."""
        await self.store.put(f"{self.id}.request", versioned.dump(request))

    async def put_step(self, step: StoredStep) -> None:
        """Store where the flow stands."""
        await self.store.put(f"{self.id}.step", versioned.dump(step))

    async def get(self) -> tuple[Any, StoredStep]:
        """The request and the step. Raises `InvalidRequestError` for no such job, `VersionError` for an old one."""
        step = await self.store.get(f"{self.id}.step")
        request = await self.store.get(f"{self.id}.request")
        if step is None or request is None:
            raise InvalidRequestError(
                f"no job {self.id!r} is stored",
                advice="It is over, or was begun with another store (the client's argument `jobs`).",
            )
        found = read(step, StoredStep)
        return read(request, REQUEST_TYPES[found.capability]), found

    async def forget(self) -> None:
        """The job is over."""
        await self.store.delete(f"{self.id}.step")
        await self.store.delete(f"{self.id}.request")


def read(data: bytes, type_: type[V]) -> V:
    """A stored value. Raises `VersionError` that says what to do."""
    try:
        return versioned.load(data, type_)
    except VersionError as error:
        raise VersionError(f"{error}: {_FINISH_IT}") from None
