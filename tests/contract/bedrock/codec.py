"""Amazon Bedrock: Converse for every model, InvokeModel in the vendors' own words for Claude and Nova."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import attrs
import msgspec

from bedrock.decode import ConverseDecoder, reply_of
from bedrock.encode import body_of
from bedrock.errors import BedrockErrors, stream_error
from modelscan.contracts.http import Frame, Headers, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Errors
from modelscan.contracts.provider import Connection, CredentialForm, Parameter, Provider, SecretsFile
from modelscan.errors import DecodeError
from modelscan.hookspecs import hookimpl
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.wire.anthropic import Messages, MessagesDecoder
from modelscan.wire.anthropic.encode import answer_tool_of
from modelscan.wire.by_secret import BySecret
from modelscan.wire.event_stream import EventStream
from modelscan.wire.schemes import Bearer
from modelscan.wire.sigv4 import SigV4

_JSON: Final[Headers] = (("content-type", "application/json"),)


class _Wrapper(msgspec.Struct, rename={"payload": "bytes"}):
    payload: bytes


def model_url(target: Target, verb: str) -> str:
    """The address of a model's operation; its name may be an ARN, so colons and slashes are encoded."""
    return f"{target.base_url}/model/{quote(target.model, safe='')}/{verb}"


def inner(frame: Frame) -> bytes:
    """What a message of InvokeModelWithResponseStream wraps: the vendor's own event. Raises `DecodeError`."""
    try:
        return msgspec.json.decode(frame.data, type=_Wrapper).payload
    except msgspec.MsgspecError as error:
        raise DecodeError(f"a message of the stream wraps no bytes: {error}") from error


@attrs.frozen
class Converse:
    """Chat by Converse and ConverseStream."""

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a whole answer. Raises `UnsupportedError` for a field without a word."""
        body = msgspec.json.encode(body_of(request))
        return HttpRequest(url=model_url(target, "converse"), headers=_JSON, body=body)

    def encode_stream(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request for a streamed answer. Raises as `encode` does."""
        return msgspec.structs.replace(self.encode(request, target), url=model_url(target, "converse-stream"))

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply. Raises `DecodeError` for a body that is none."""
        return reply_of(response)

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> ConverseDecoder:
        """A fresh decoder for one stream."""
        return ConverseDecoder(head)


class NovaDecoder(ConverseDecoder):
    """Nova's own stream: events as in Converse, each an object with the event's name as its only key."""

    def event(self, frame: Frame) -> tuple[str, bytes]:
        """The event's name and its JSON."""
        fields = msgspec.json.decode(inner(frame), type=dict[str, msgspec.Raw])
        # The vendor's metrics stand beside the last event.
        name = next((name for name in fields if not name.startswith("amazon-bedrock-")), "")
        return name, bytes(fields[name]) if name else b"{}"


class ClaudeDecoder(MessagesDecoder):
    """The Messages API's events, wrapped in messages of an event stream."""

    def __init__(self, errors: Errors, head: ResponseHead, answer_tool: str | None) -> None:
        super().__init__(EventStream(), errors, head, answer_tool)
        self._response_head = head

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        """The chunks in one message. Raises a `ProviderError` for an exception in mid-stream."""
        error = stream_error(frame, self._response_head)
        if error is not None:
            raise error
        return super().feed(Frame(inner(frame)))


@attrs.frozen
class ClaudeMessages(Messages):
    """Claude in its own words: the Messages API's body, without the model, with a version of its own."""

    errors: Errors = attrs.field(factory=BedrockErrors)

    def url(self, target: Target, *, is_stream: bool) -> str:
        """Where the request goes."""
        return model_url(target, "invoke-with-response-stream" if is_stream else "invoke")

    def headers(self, request: ChatRequest, target: Target) -> Headers:
        """Every header but the credential's."""
        return _JSON

    def body(self, request: ChatRequest, target: Target, *, is_stream: bool) -> dict[str, Any]:
        """The body, before it is written as JSON."""
        body = super().body(request, target, is_stream=False)
        del body["model"]
        return {"anthropic_version": "bedrock-2023-05-31", **body}

    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> ClaudeDecoder:
        """A fresh decoder for one stream."""
        return ClaudeDecoder(self.errors, head, answer_tool_of(request, target.model))


CONNECTION: Final = Connection(
    base_urls={"default": "https://bedrock-runtime.{region}.amazonaws.com"},
    schemes={"default": BySecret({"key": Bearer(), "access_key_id": SigV4("bedrock")})},
    env=("AWS_BEARER_TOKEN_BEDROCK",),
    forms=(
        CredentialForm(
            env={
                "access_key_id": ("AWS_ACCESS_KEY_ID",),
                "secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
                "session_token": ("AWS_SESSION_TOKEN",),
            },
            optional=frozenset({"session_token"}),
            file=SecretsFile(
                path="~/.aws/credentials",
                path_env=("AWS_SHARED_CREDENTIALS_FILE",),
                section_env=("AWS_PROFILE",),
                names={
                    "access_key_id": "aws_access_key_id",
                    "secret_access_key": "aws_secret_access_key",
                    "session_token": "aws_session_token",
                },
            ),
        ),
    ),
    parameters=(Parameter(name="region", env=("AWS_REGION", "AWS_DEFAULT_REGION"), help="Such as us-east-1."),),
)


@hookimpl
def modelscan_provider() -> Provider:
    """Bedrock, by Converse."""
    return Provider(
        name="bedrock",
        connection=CONNECTION,
        errors=BedrockErrors(),
        chat=Converse(),
        request_id_headers=("x-amzn-requestid",),
    )
