"""What the tests of a provider share: the provider, a target, and examples of its answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import attrs
import pytest

from modelscan.contracts.http import HttpRequest, Target
from modelscan.contracts.operations import NativeOperation, Operation, StreamingOperation
from modelscan.contracts.provider import Connection, Provider
from modelscan.contracts.servers import ServerCodec
from modelscan.plugins import Plugins
from modelscan.testing.conformance.examples import Example, Golden, server_of, written_by
from modelscan.testing.conformance.samples import CANARY, MODEL, REQUESTS
from modelscan.testing.conformance.suite import Suite, not_declared

_STAND_IN: Final = "conformance"


@attrs.frozen
class Subject:
    """One provider, ready to be asked."""

    provider: Provider
    target: Target
    server: ServerCodec | None
    examples: tuple[Example, ...]

    def streaming(self) -> StreamingOperation[Any, Any, Any]:
        """Its chat, where it streams; ends the test where it doesn't."""
        if not isinstance(self.provider.chat, StreamingOperation):
            not_declared("its chat is no operation that streams")
        chat: Any = self.provider.chat
        return chat  # type: ignore[no-any-return]  # told by the line above

    def operations(self) -> Iterator[tuple[str, Operation[Any, Any]]]:
        """Its capabilities that are operations."""
        for name in self.provider.capabilities():
            operation = getattr(self.provider, name)
            if name in REQUESTS and isinstance(operation, Operation):
                yield name, operation

    def native(self) -> NativeOperation[Any, Any, Any]:
        """Its chat, where the model runs in this process; ends the test where it doesn't."""
        if not isinstance(self.provider.chat, NativeOperation):
            not_declared("its chat doesn't run in this process")
        chat: Any = self.provider.chat
        return chat  # type: ignore[no-any-return]  # told by the line above

    def encoded(self) -> Iterator[tuple[str, Callable[[], HttpRequest]]]:
        """What encodes each capability's sample, by the capability's name."""
        for name, operation in self.operations():
            request = REQUESTS[name]
            yield name, lambda operation=operation, request=request: operation.encode(request, self.target)  # type: ignore[misc]
            if isinstance(operation, StreamingOperation):
                yield (
                    f"{name} (streamed)",
                    lambda operation=operation, request=request: operation.encode_stream(request, self.target),  # type: ignore[misc]
                )

    def wholes(self) -> Sequence[Example]:
        """The examples of whole answers; ends the test where there are none."""
        return self._needed([example for example in self.examples if example.whole is not None], "whole answers")

    def streams(self) -> Sequence[Example]:
        """The examples of streams; ends the test where there are none, or where nothing streams."""
        self.streaming()
        return self._needed([example for example in self.examples if example.stream is not None], "streams")

    def decode(self, example: Example) -> Any:
        """The reply that a whole answer is read as."""
        operation: Operation[Any, Any] = getattr(self.provider, example.capability)
        assert example.whole is not None
        return operation.decode(example.whole, example.request, self.target)

    def decoder(self, example: Example) -> Any:
        """A fresh decoder for an example's stream."""
        assert example.stream is not None
        return self.streaming().decoder(example.stream.head, example.request, self.target)

    def _needed(self, found: list[Example], what: str) -> Sequence[Example]:
        if not found and not any(True for _ in self.operations()):
            not_declared("it has no operation that answers over HTTP")
        if not found:
            pytest.skip(f"there are no examples of {what}: give the suite `examples`, or the format's `server`")
        return found


class Fixtures(Suite):
    """What an author may say of a provider; `provider` is all that is needed.

    `provider` is the name of an installed plugin, or a `Provider`. `model` is a model's name, where any won't do;
    `params` are the connection's declared parameters. `server` is the format's server side, where it isn't one of
    the core's families; `examples` are answers that the provider must read; `golden` are requests that it must write.
    `recordings` gives answers that really came from the vendor, the evidence for more than bronze; without it they are
    the recorded ones among the cassettes beside the suite.
    `module` is what is imported to get a `Provider` that isn't installed. `opaque` are keys of a body whose values are
    a user's own data.
    """

    kind = "provider"
    provider: ClassVar[str | Provider]
    model: ClassVar[str] = MODEL
    params: ClassVar[Mapping[str, str]] = {}
    server: ClassVar[ServerCodec | None] = None
    examples: ClassVar[Sequence[Example]] = ()
    golden: ClassVar[Sequence[Golden]] = ()
    recordings: ClassVar[Callable[[], Iterable[Example]] | None] = None
    module: ClassVar[str] = ""
    opaque: ClassVar[frozenset[str]] = frozenset({"arguments", "args", "input"})
    error_classes: ClassVar[Mapping[int, type[Exception]]] = {}

    @pytest.fixture
    def subject(self, monkeypatch: pytest.MonkeyPatch) -> Subject:
        """The provider with a key in its environment that must never be seen."""
        given = type(self).provider
        provider = Plugins().provider(given) if isinstance(given, str) else given
        for name in variables_of(provider.connection):
            monkeypatch.setenv(name, CANARY)
        target = target_for(provider, type(self).model, type(self).params)
        server = type(self).server or server_of(provider, target)
        written = () if server is None else tuple(written_by(server, provider, target))
        return Subject(provider, target, server, (*written, *type(self).examples))


def variables_of(connection: Connection) -> list[str]:
    """The environment variables that may hold a secret."""
    forms = [names for form in connection.forms for names in form.env.values()]
    return [*connection.env, *(name for names in forms for name in names)]


def params_for(connection: Connection, params: Mapping[str, str]) -> dict[str, str]:
    """A value for every declared parameter: the given one, its default, or a stand-in."""
    known = {one.name: _STAND_IN if one.default is None else one.default for one in connection.parameters}
    return {**known, **params}


def target_for(provider: Provider, model: str, params: Mapping[str, str]) -> Target:
    """Where a provider's calls go."""
    values = params_for(provider.connection, params)
    urls = {name: url.format_map(values).rstrip("/") for name, url in provider.connection.base_urls.items()}
    return Target(base_urls=urls, model=model, params=values)
