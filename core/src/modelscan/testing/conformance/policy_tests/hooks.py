"""What every plugin of hooks must do."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from modelscan import AsyncClient
from modelscan.contracts.plugins import PluginRecord
from modelscan.errors import ServerError
from modelscan.hookspecs import hookimpl
from modelscan.plugins import Plugins
from modelscan.testing.conformance.suite import Suite, counts_for
from modelscan.testing.mock import MockProvider

_MODEL = "conformance-mock/model"


class _Watcher:
    """Keeps what is told of broken hooks."""

    def __init__(self) -> None:
        self.broken: list[PluginRecord] = []

    @hookimpl
    def modelscan_plugin_broken(self, record: PluginRecord) -> None:
        self.broken.append(record)


class HooksSuite(Suite):
    """Hooks watch a call and don't disturb it: `hooks` is a module or an object with marked functions.

    What refuses every call (an interceptor that always says no) can't pass.
    """

    kind = "hooks"
    hooks: ClassVar[Any]

    @counts_for("bronze")
    def test_its_hooks_have_the_signatures_of_the_manual(self) -> None:
        """As `modelscan.hookspecs` has them."""
        assert Plugins(extra=[type(self).hooks]).hooks() is not None

    @counts_for("bronze", is_evidence=True)
    async def test_a_call_goes_through(self) -> None:
        """Whole and streamed, with the same answer as without the hooks, and no hook fails."""
        watcher = _Watcher()
        async with self._client(MockProvider("conformance-mock").with_response("A longer answer."), watcher) as client:
            reply = await client.chat("Hello", model=_MODEL)
            async with client.stream("Hello", model=_MODEL) as stream:
                streamed = await stream.reply()
        assert reply.text == streamed.text == "A longer answer.", f"the answer became {reply.text!r}, {streamed.text!r}"
        _check(watcher)

    @counts_for("silver")
    async def test_a_failure_and_a_retry_go_through(self) -> None:
        """The error is the provider's own."""
        failing = ServerError("conformance: it fell over", status=500)
        watcher = _Watcher()
        async with self._client(MockProvider("conformance-mock").with_response(failing, "fine"), watcher) as client:
            assert (await client.chat("Hello", model=_MODEL)).text == "fine"
        async with self._client(MockProvider("conformance-mock").with_response(failing), watcher) as client:
            with pytest.raises(ServerError, match="it fell over"):
                await client.chat("Hello", model=_MODEL)
        _check(watcher)

    @counts_for("silver")
    async def test_a_stream_that_is_left_goes_through(self) -> None:
        """Nobody reads its end."""
        watcher = _Watcher()
        async with self._client(MockProvider("conformance-mock").with_response("A longer answer."), watcher) as client:
            async with client.stream("Hello", model=_MODEL) as stream:
                async for _ in stream:
                    break
        _check(watcher)

    def _client(self, mock: MockProvider, watcher: _Watcher) -> AsyncClient:
        settings = {"retries.max_attempts": 2, "retries.base_s": 0.0}
        return AsyncClient(mock=mock, plugins=[type(self).hooks, watcher], settings=settings, config=False)


def _check(watcher: _Watcher) -> None:
    failed = "; ".join(record.error for record in watcher.broken)
    assert not watcher.broken, f"a hook fails, and the core goes on without it: {failed}"
