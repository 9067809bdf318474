"""What a call takes: prompts of every shape, options by name, and a clear no to a typo."""

from __future__ import annotations

from typing import Any

import pytest

from modelscan import ChatRequest, ForcedTool, ReasoningOptions, assistant, image, tool, user
from modelscan.client.options import chat_request, messages_of
from modelscan.types.tools import ProviderTool


def test_a_text_is_one_user_message() -> None:
    assert messages_of("hi") == (user("hi"),)


def test_neighbouring_parts_make_up_one_message() -> None:
    picture = image("https://x/y.png")
    assert messages_of(["look:", picture, assistant("nice"), "thanks"]) == (
        user("look:", picture),
        assistant("nice"),
        user("thanks"),
    )
    assert messages_of(picture) == (user(picture),)
    assert messages_of(user("hi")) == (user("hi"),)


@pytest.mark.parametrize(
    ("prompt", "error"),
    [
        ([], ValueError),
        ([3], TypeError),
        ([{"role": "user"}], TypeError),
        ({"role": "user"}, TypeError),
        (None, TypeError),
    ],
)
def test_what_is_no_prompt_is_refused_with_a_hint(prompt: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="at least one message|modelscan.user"):
        messages_of(prompt)


def test_options_become_fields() -> None:
    @tool
    def now(zone: str) -> str:
        """The time."""
        return zone

    search = ProviderTool("web_search")
    request = chat_request(
        "hi",
        {
            "system": "Be brief.",
            "tools": [now, search, now.spec],
            "tool_choice": ForcedTool("now"),
            "stop": "END",
            "reasoning": "low",
            "modalities": ["text"],
            "extra": {"service_tier": "flex"},
            "temperature": None,
            "timeout_s": 3,
        },
    )
    assert request.messages[0].role == "system"
    assert request.tools == (now.spec, search, now.spec)
    assert (request.stop, request.reasoning) == (("END",), ReasoningOptions(effort="low"))
    assert (request.modalities, request.extra, request.temperature) == (("text",), {"service_tier": "flex"}, None)
    assert chat_request("hi", {"stop": ["a", "b"]}).stop == ("a", "b")


def test_a_whole_request_may_be_changed_by_options() -> None:
    request = ChatRequest(messages=(user("hi"),), seed=1)
    assert chat_request(request, {}) is request
    assert chat_request(request, {"seed": 2}).seed == 2


def test_an_unknown_option_is_refused_with_the_nearest_or_with_extra() -> None:
    with pytest.raises(TypeError, match="did you mean 'temperature'"):
        chat_request("hi", {"temprature": 1})
    with pytest.raises(TypeError, match="extra="):
        chat_request("hi", {"zzz": 1})


def test_a_plain_function_is_no_tool() -> None:
    def plain(x: int) -> int:
        return x

    with pytest.raises(TypeError, match="decorate 'plain' with @modelscan.tool"):
        chat_request("hi", {"tools": [plain]})
