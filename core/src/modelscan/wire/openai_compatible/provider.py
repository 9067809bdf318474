"""A provider of this family in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from modelscan.contracts.auth import AuthScheme
from modelscan.contracts.operations import Errors, Meter, Operation
from modelscan.contracts.provider import ChatOperation, Connection, MediaRules, Parameter, Provider
from modelscan.hookspecs import hookimpl
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.wire.openai_compatible.chat import ChatCompletions
from modelscan.wire.openai_compatible.encode import COMPATIBLE_WORDS
from modelscan.wire.openai_compatible.errors import OpenAIErrors
from modelscan.wire.openai_compatible.meter import CompatibleMeter
from modelscan.wire.openai_compatible.models import Models
from modelscan.wire.schemes import Bearer

COMPATIBLE_CHAT: Final = ChatCompletions(words=COMPATIBLE_WORDS)
MEDIA: Final[Mapping[str, MediaRules]] = {
    "image": MediaRules(forms=("url", "data"), url_schemes=("https", "http", "data")),
    "audio": MediaRules(forms=("data",), media_types=("audio/wav", "audio/x-wav", "audio/mpeg", "audio/mp3")),
    "file": MediaRules(forms=("data", "file_id")),
}
"""What chat completions takes: pictures by address or as bytes, sound and documents as bytes."""


def openai_compatible(  # noqa: PLR0913 - a definition: all by name, all but two with defaults
    name: str,
    *,
    base_url: str,
    key: str | Sequence[str] | None,
    chat: ChatOperation | None = COMPATIBLE_CHAT,
    embed: Operation[EmbedRequest, EmbedReply] | None = None,
    models: Operation[None, tuple[str, ...]] | None = Models(),  # noqa: B008 - a frozen value
    errors: Errors = OpenAIErrors(),  # noqa: B008 - the same
    meter: Meter[Any] | None = CompatibleMeter(),  # noqa: B008 - the same; it reads every request type
    scheme: AuthScheme = Bearer(),  # noqa: B008 - the same
    media: Mapping[str, MediaRules] = MEDIA,
    parameters: tuple[Parameter, ...] = (),
    base_url_env: tuple[str, ...] = (),
    credential_hosts: tuple[str, ...] = (),
    is_key_optional: bool = False,
    limit_headers: str = "openai",
    **more: Any,
) -> Callable[[], Provider]:
    """A hook that gives a provider which speaks as OpenAI does.

    `key` names the environment variables that may hold the API key; None is a server without keys. `embed` is for
    those that make vectors (`Embeddings()`). `more` are further fields of `Provider`, such as other capabilities.

        modelscan_provider = openai_compatible(
            "groq", base_url="https://api.groq.com/openai/v1", key="GROQ_API_KEY"
        )
    """
    connection = Connection(
        base_urls={"default": base_url},
        schemes={} if key is None else {"default": scheme},
        env=() if key is None else (key,) if isinstance(key, str) else tuple(key),
        base_url_env=base_url_env,
        parameters=parameters,
        credential_hosts=credential_hosts,
        is_key_optional=is_key_optional,
    )
    provider = Provider(
        name=name,
        connection=connection,
        errors=errors,
        chat=chat,
        embed=embed,
        models=models,
        meter=meter,
        media=media,
        limit_headers=limit_headers,
        **more,
    )

    @hookimpl
    def modelscan_provider() -> Provider:
        return provider

    return modelscan_provider
