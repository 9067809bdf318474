"""What the Gemini API answers, read leniently: any field may be null or absent, and unknown ones are passed over.

Source: Google's OpenAPI description of v1beta (mirror of 2026), the discovery document of Vertex AI v1 and the types of
google-genai 3.4.0, read 2026-11.
"""

from __future__ import annotations

from typing import Any

import msgspec

NOTHING = msgspec.Raw(b"")


class Blob(msgspec.Struct, rename="camel"):
    """Bytes in the answer."""

    mime_type: str | None = None
    data: bytes | None = None


class FileData(msgspec.Struct, rename="camel"):
    """A file by its address."""

    mime_type: str | None = None
    file_uri: str | None = None


class PartialArg(msgspec.Struct, rename="camel"):
    """A piece of one argument of a call that is told piece by piece; `will_continue`: the next piece joins it."""

    json_path: str | None = None
    string_value: str | None = None
    number_value: float | None = None
    bool_value: bool | None = None
    will_continue: bool | None = None


class FunctionCall(msgspec.Struct, rename="camel"):
    """A call that the model asks for, whole, or a piece of one where `will_continue` or `partial_args` say so."""

    id: str | None = None
    name: str | None = None
    args: msgspec.Raw = NOTHING
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class PartBody(msgspec.Struct, rename="camel"):
    """One part of the content: of a kind that this family knows, else kept whole elsewhere."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None


class Content(msgspec.Struct):
    """The parts of a candidate."""

    parts: list[msgspec.Raw] | None = None


class LogprobEntry(msgspec.Struct, rename="camel"):
    """A token and its log-probability; a token of probability zero has none."""

    token: str | None = None
    log_probability: float | None = None


class TopEntries(msgspec.Struct):
    """The likeliest tokens of one place."""

    candidates: list[LogprobEntry] | None = None


class LogprobsResult(msgspec.Struct, rename="camel"):
    """Log-probabilities, one entry a place in each list."""

    chosen_candidates: list[LogprobEntry] | None = None
    top_candidates: list[TopEntries] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer, or what a chunk adds to it."""

    index: int | None = None
    content: Content | None = None
    finish_reason: str | int | None = None
    finish_message: str | None = None
    safety_ratings: list[dict[str, Any]] | None = None
    citation_metadata: dict[str, Any] | None = None
    grounding_metadata: dict[str, Any] | None = None
    url_context_metadata: dict[str, Any] | None = None
    logprobs_result: LogprobsResult | None = None
    avg_logprobs: float | None = None


class TokensDetail(msgspec.Struct, rename="camel"):
    """How many tokens are of one modality."""

    modality: str | int | None = None
    token_count: int | None = None


class UsageMetadata(msgspec.Struct, rename="camel"):
    """Counts of a call. In a stream each is cumulative, and one that is absent keeps its value."""

    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: list[TokensDetail] | None = None
    candidates_tokens_details: list[TokensDetail] | None = None
    tool_use_prompt_tokens_details: list[TokensDetail] | None = None
    traffic_type: str | int | None = None
    service_tier: str | int | None = None


class PromptFeedback(msgspec.Struct, rename="camel"):
    """What the safety rules say of the prompt; with a reason to block, there is no answer."""

    block_reason: str | None = None
    block_reason_message: str | None = None
    safety_ratings: list[dict[str, Any]] | None = None


class ResponseBody(msgspec.Struct, rename="camel"):
    """A whole answer, or one chunk of a streamed one."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: msgspec.Raw | None = None


class Violation(msgspec.Struct, rename="camel"):
    """A quota that was passed."""

    quota_id: str | None = None
    quota_value: str | None = None


class ErrorDetail(msgspec.Struct, rename="camel"):
    """One detail of an error: its type decides which fields there are."""

    type: str | None = msgspec.field(name="@type", default=None)
    reason: str | None = None
    metadata: dict[str, Any] | None = None
    violations: list[Violation] | None = None
    retry_delay: str | None = None


class ErrorBody(msgspec.Struct):
    """The error itself."""

    code: int | None = None
    message: str | None = None
    status: str | None = None
    details: list[msgspec.Raw] | None = None


class ErrorEnvelope(msgspec.Struct, rename="camel"):
    """The body of an error, and of an answer that was refused for its prompt."""

    error: ErrorBody | None = None
    prompt_feedback: PromptFeedback | None = None
    candidates: list[msgspec.Raw] | None = None


class Embedding(msgspec.Struct):
    """One vector."""

    values: list[float] | None = None


class EmbedBody(msgspec.Struct, rename="camel"):
    """The answer to one embedding, or to a batch of them."""

    embedding: Embedding | None = None
    embeddings: list[Embedding] | None = None
    usage_metadata: UsageMetadata | None = None


class TokenCount(msgspec.Struct, rename="camel"):
    """The answer to a token count; zero is left out."""

    total_tokens: int = 0


class ModelInfo(msgspec.Struct):
    """A model of the list."""

    name: str


class ModelPage(msgspec.Struct):
    """A page of the list of models."""

    models: list[ModelInfo] = []
