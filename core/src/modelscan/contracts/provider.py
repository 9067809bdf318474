"""A provider: a value that says where a vendor is, how it is spoken to, and what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs
import msgspec

from modelscan.contracts.auth import AuthScheme
from modelscan.contracts.flows import Flow
from modelscan.contracts.operations import Errors, Meter, NativeOperation, Operation, StreamingOperation
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest

if TYPE_CHECKING:  # nobody resolves these fields' types as a program runs, and every start would pay for all of them
    from modelscan.contracts.duplex import DuplexOperation
    from modelscan.types.batch import BatchReply, BatchRequest
    from modelscan.types.content import Media
    from modelscan.types.embed import EmbedReply, EmbedRequest, RerankReply, RerankRequest
    from modelscan.types.knowledge import ModerationReply, ModerationRequest, SearchReply, SearchRequest
    from modelscan.types.media import (
        ImageReply,
        ImageRequest,
        SpeechReply,
        SpeechRequest,
        TranscriptionReply,
        TranscriptionRequest,
        VideoReply,
        VideoRequest,
    )
    from modelscan.types.realtime import LiveInput, LiveOutput, RealtimeConfig


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that a connection needs beside the key: an account id, a region, an API version.

    It comes from the account's `params`, else from the environment variables, else it is `default`; with no default it
    is required.
    """

    name: str
    env: tuple[str, ...] = ()
    default: str | None = None
    help: str = ""


class SecretsFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the vendor's own tools that may hold the credential: an INI file with a section for each profile.

    The variables `path_env` and `section_env` win over `path` and `section`; `names` says what each secret is called.
    """

    path: str
    names: dict[str, str]
    path_env: tuple[str, ...] = ()
    section: str = "default"
    section_env: tuple[str, ...] = ()


class CredentialForm(msgspec.Struct, frozen=True, kw_only=True):
    """One form that a credential may have: its secrets by name.

    `env` gives for each secret the variables that may hold it, `path_env` those that hold the path of a file whose
    content is the secret; first found wins. All secrets are needed but the `optional` ones. A credential given as one
    text (an argument, the keychain, a file) is a JSON object of the secrets, or the secret itself where one is needed.
    """

    env: dict[str, tuple[str, ...]] = {}
    path_env: dict[str, tuple[str, ...]] = {}
    optional: frozenset[str] = frozenset()
    file: SecretsFile | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All its secrets, in the order in which they are declared."""
        return tuple(dict.fromkeys((*self.env, *self.path_env)))

    @property
    def needed(self) -> tuple[str, ...]:
        """The secrets without which it is no credential."""
        return tuple(name for name in self.names if name not in self.optional)


@attrs.frozen(kw_only=True)
class Connection:
    """Where a vendor is and how it is authenticated.

    `base_urls` may hold `{parameter}` in braces. `schemes` are auth schemes by name (`default` signs by default;
    none at all means that the vendor needs no key). `env` are the variables that may hold the key, first found
    wins; `forms` are further forms of the credential, for vendors that want several secrets or take one of several
    kinds (the first form that is whole wins). `base_url_env` may replace the default base URL. `credential_hosts`
    are hosts beside those of the base URLs that credentials may go to; `*.example.org` covers subdomains.
    """

    base_urls: Mapping[str, str]
    schemes: Mapping[str, AuthScheme] = attrs.field(factory=dict)
    env: tuple[str, ...] = ()
    forms: tuple[CredentialForm, ...] = ()
    base_url_env: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    credential_hosts: tuple[str, ...] = ()
    is_key_optional: bool = False


class MediaRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """In which forms a vendor takes one kind of media (`image`, `audio`, `video`, `file`), in order of preference.

    Forms are `url`, `data` (bytes in the request) and `file_id`. Sizes are bytes after fetching: `max_bytes` of what
    stands in a request, `max_file_bytes` of what is uploaded ahead of it. An uploaded file is there for
    `file_lifetime_s` seconds; None where it stays until somebody deletes it.
    """

    forms: tuple[str, ...] = ("data",)
    media_types: tuple[str, ...] = ()
    max_bytes: int | None = None
    max_file_bytes: int | None = None
    file_lifetime_s: float | None = None
    url_schemes: tuple[str, ...] = ("https", "http", "data")


CutStream = Literal["arrived", "all", "unknown"]
"""What a vendor charges for a stream that was left or cut: what had been generated by then, the whole answer that it
goes on to generate, or nobody knows: then it is charged at its bound."""

ChatOperation = (
    StreamingOperation[ChatRequest, ChatReply[None], ChatChunk]
    | Operation[ChatRequest, ChatReply[None]]
    | NativeOperation[ChatRequest, ChatReply[None], ChatChunk]
    | Flow[ChatRequest, ChatReply[None], Any]
)


@attrs.frozen(kw_only=True)
class Provider:
    """A vendor. One typed field per capability; None is a capability that it doesn't have.

    `upload` is no call of its own: it takes a part that has `data` and gives it back with a `file_id`, ahead of a call
    whose request can't hold the bytes (`media` says so). `limit_headers` names the dialect in which its responses tell
    of limits (docs/reference/limit-headers.md); empty is what most names mean, `none` that they tell nothing.
    """

    name: str
    connection: Connection
    errors: Errors
    chat: ChatOperation | None = None
    embed: Operation[EmbedRequest, EmbedReply] | NativeOperation[EmbedRequest, EmbedReply, Any] | None = None
    rerank: Operation[RerankRequest, RerankReply] | None = None
    speech: Operation[SpeechRequest, SpeechReply] | None = None
    transcription: Operation[TranscriptionRequest, TranscriptionReply] | None = None
    image: Operation[ImageRequest, ImageReply] | Flow[ImageRequest, ImageReply, Any] | None = None
    video: Operation[VideoRequest, VideoReply] | Flow[VideoRequest, VideoReply, Any] | None = None
    moderation: Operation[ModerationRequest, ModerationReply] | None = None
    search: Operation[SearchRequest, SearchReply] | None = None
    batch: Flow[BatchRequest, BatchReply, Any] | None = None
    realtime: DuplexOperation[RealtimeConfig, LiveInput, LiveOutput] | None = None
    count_tokens: Operation[ChatRequest, int] | NativeOperation[ChatRequest, int, Any] | None = None
    models: Operation[None, tuple[str, ...]] | NativeOperation[None, tuple[str, ...], Any] | None = None
    upload: Flow[Media, Media, Any] | Operation[Media, Media] | None = None
    meter: Meter[Any] | None = None  # a meter reads every request type that the provider has an operation for
    media: Mapping[str, MediaRules] = attrs.field(factory=dict)
    retry_headers: tuple[str, ...] = ("retry-after-ms", "retry-after")
    request_id_headers: tuple[str, ...] = ("x-request-id", "request-id")
    limit_headers: str = ""
    cut_stream: CutStream = "unknown"
    api: int = 1

    def capabilities(self) -> tuple[str, ...]:
        """The names of what it can do, in this class's order."""
        return tuple(name for name in CAPABILITIES if getattr(self, name) is not None)


CAPABILITIES = (
    "chat",
    "embed",
    "rerank",
    "speech",
    "transcription",
    "image",
    "video",
    "moderation",
    "search",
    "batch",
    "realtime",
    "count_tokens",
    "models",
)
