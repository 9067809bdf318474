"""A provider of this family is one call."""

from __future__ import annotations

import inspect

import pluggy

from modelscan import hookspecs
from modelscan.contracts.http import Target
from modelscan.contracts.operations import Operation, StreamingOperation
from modelscan.types.chat import ChatRequest
from modelscan.types.messages import user
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, openai_compatible
from modelscan.wire.schemes import Bearer


def test_one_call_gives_a_hook_that_pluggy_finds() -> None:
    class Module:
        modelscan_provider = staticmethod(
            openai_compatible("groq", base_url="https://api.groq.com/openai/v1", key="GROQ_API_KEY")
        )

    plugins = pluggy.PluginManager("modelscan")
    plugins.add_hookspecs(hookspecs)
    plugins.register(Module)
    plugins.check_pending()
    (provider,) = plugins.hook.modelscan_provider()
    assert provider.name == "groq"
    assert provider.connection.base_urls == {"default": "https://api.groq.com/openai/v1"}
    assert provider.connection.env == ("GROQ_API_KEY",)
    assert provider.connection.schemes == {"default": Bearer()}
    assert provider.capabilities() == ("chat", "models")
    assert isinstance(provider.chat, StreamingOperation)


def test_the_hook_is_a_function_for_pluggy_passes_over_callable_objects() -> None:
    assert inspect.isfunction(openai_compatible("x", base_url="https://x", key="K"))


def test_a_server_without_keys_has_no_scheme() -> None:
    connection = openai_compatible("vllm", base_url="http://127.0.0.1:8000/v1", key=None)().connection
    assert (connection.schemes, connection.env) == ({}, ())


def test_each_part_can_be_replaced() -> None:
    chat = ChatCompletions(path="/v2/chat")
    provider = openai_compatible(
        "x",
        base_url="https://x",
        key=("A", "B"),
        chat=chat,
        embed=Embeddings(),
        models=None,
        request_id_headers=("x-id",),
    )()
    assert provider.connection.env == ("A", "B")
    assert provider.chat is chat
    assert isinstance(provider.embed, Operation)
    assert provider.models is None
    assert provider.request_id_headers == ("x-id",)


def test_compatible_servers_are_asked_in_the_older_word_for_the_cap() -> None:
    provider = openai_compatible("x", base_url="https://x", key="K")()
    assert isinstance(provider.chat, ChatCompletions)
    assert provider.chat.words["max_output_tokens"] == "max_tokens"
    assert provider.errors is not None
    assert provider.meter is not None
    target = Target(base_urls={"default": "https://x"}, model="m")
    assert provider.meter.bound(ChatRequest(messages=(user("x"),)), target)["input_tokens"] is not None
