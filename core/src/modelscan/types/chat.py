"""Chat: the request, the reply, and the chunks of a streamed reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal

import msgspec

from modelscan.types.content import AnyPart, Citation, ToolCall
from modelscan.types.messages import Message
from modelscan.types.money import Cost
from modelscan.types.tools import AnyTool, ResponseFormat, ToolChoice
from modelscan.types.usage import UNREPORTED, Usage

if TYPE_CHECKING:  # a default for a type variable is in `typing` only since Python 3.13
    from typing_extensions import TypeVar

    T = TypeVar("T", default=None)
else:
    from typing import TypeVar

    T = TypeVar("T")

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "pause", "error", "other"]
"""Why the model stopped: `pause` means that the turn goes on if the conversation is sent back as it is."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class ReasoningOptions(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much a model thinks: by `effort` or by `budget_tokens`, and whether it tells (`summary`)."""

    effort: Effort | None = None
    budget_tokens: int | None = None
    summary: Literal["auto", "concise", "detailed", "none"] | None = None


class AudioOptions(msgspec.Struct, frozen=True):
    """How a spoken answer sounds."""

    voice: str
    format: str = "wav"


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="chat"):
    """A conversation to be continued. None everywhere means: the vendor's default.

    `extra` holds what only one vendor has, and goes into the body as it is, last.
    """

    messages: tuple[Message, ...]
    tools: tuple[AnyTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning: ReasoningOptions | None = None
    modalities: tuple[Literal["text", "audio", "image"], ...] = ()
    audio: AudioOptions | None = None
    choices: int | None = None
    end_user: str | None = None
    extra: dict[str, Any] = {}


class TokenLogprob(msgspec.Struct, frozen=True, omit_defaults=True):
    """A token's log-probability, and those of the likeliest others in its place."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None
    top: tuple[TokenLogprob, ...] = ()


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of several answers to the same request."""

    message: Message
    finish_reason: FinishReason | None = None
    raw_finish_reason: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()


class ChatReply(
    msgspec.Struct, Generic[T], frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="chat_reply"
):
    """What the model answered.

    `finish_reason` is normalised, `raw_finish_reason` is the vendor's word; both are empty where the vendor gave none.
    `alternatives` are the second and further answers where several were asked for. `parsed` is the answer as the type
    given as `returns`. `raw` is the vendor's own body, decoded when it is asked for.
    """

    message: Message
    finish_reason: FinishReason | None = None
    raw_finish_reason: str = ""
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    id: str = ""
    request_id: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()
    alternatives: tuple[Choice, ...] = ()
    extra: dict[str, Any] = {}
    raw_body: bytes = b""
    parsed: T = None  # type: ignore[assignment]  # the type variable's default is None

    @property
    def text(self) -> str:
        """The answer's text; empty for none."""
        return self.message.text

    @property
    def reasoning(self) -> str:
        """What the model told of its thoughts; empty for none."""
        return self.message.reasoning

    @property
    def refusal(self) -> str:
        """The model's refusal; empty for none."""
        return self.message.refusal

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model asks for."""
        return self.message.tool_calls

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All sources that the answer cites, in its order."""
        return tuple(citation for part in self.message.content for citation in getattr(part, "citations", ()))

    @property
    def raw(self) -> Any:
        """The vendor's body: decoded JSON, of any shape; None for a streamed reply."""
        return msgspec.json.decode(self.raw_body) if self.raw_body else None


class ToolCallDelta(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a tool call: `id` and `name` come with the first, `arguments` are to be joined."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class ChatChunk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="chat_chunk"):
    """A piece of a streamed reply. Joining all pieces gives the reply that a call without streaming would have given.

    `choice` says of which answer it is a piece, `index` of which part of its message: text, reasoning, refusal and
    tool-call pieces with one index are joined; `part` is a part that came whole, or, for an index that exists
    already, nothing but what is to be added to it (`signature`, `citations`, `extra`). `usage` is the newest count,
    not an addition. `raw` is the frame that the piece came in.
    """

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_call: ToolCallDelta | None = None
    part: AnyPart | None = None
    index: int = 0
    choice: int = 0
    signature: str | None = None
    citations: tuple[Citation, ...] = ()
    extra: dict[str, Any] = {}
    logprobs: tuple[TokenLogprob, ...] = ()
    finish_reason: FinishReason | None = None
    raw_finish_reason: str = ""
    usage: Usage | None = None
    id: str = ""
    model: str = ""
    wire: str = ""
    reply_extra: dict[str, Any] = {}
    raw: bytes = b""
