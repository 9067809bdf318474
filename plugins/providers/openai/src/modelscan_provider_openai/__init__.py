"""OpenAI: chat by chat completions and by the Responses API, embeddings, token counts, uploads, the list of models."""

from modelscan.contracts.provider import MediaRules, Parameter
from modelscan.wire.openai_compatible import MEDIA, openai_compatible
from modelscan_provider_openai.account import OpenAIEmbeddings, OpenAIModels
from modelscan_provider_openai.chat import API, OpenAIChat
from modelscan_provider_openai.counting import CountTokens
from modelscan_provider_openai.meter import OpenAIMeter
from modelscan_provider_openai.upload import LIFETIME_S, FileUpload

_MEDIA = {
    **MEDIA,
    "image": MediaRules(forms=("url", "data", "file_id"), url_schemes=("https", "http", "data")),
    # A request takes 50 MB of files, in base64 where they stand in it; the files API 512 MB each.
    "file": MediaRules(
        forms=("data", "file_id"),
        max_bytes=36_000_000,
        max_file_bytes=512_000_000,
        file_lifetime_s=LIFETIME_S,
    ),
}

modelscan_provider = openai_compatible(
    "openai",
    base_url="https://api.openai.com/v1",
    key="OPENAI_API_KEY",
    base_url_env=("OPENAI_BASE_URL",),
    chat=OpenAIChat(),
    embed=OpenAIEmbeddings(encoding="base64"),
    models=OpenAIModels(),
    count_tokens=CountTokens(),
    upload=FileUpload(),
    media=_MEDIA,
    meter=OpenAIMeter(),
    # Its specification says that a stream which is cut may not tell its usage, and not what it costs (read 2026-11).
    cut_stream="unknown",
    parameters=(
        API,
        Parameter(name="organization", env=("OPENAI_ORG_ID",), default="", help="The organisation that is billed."),
        Parameter(name="project", env=("OPENAI_PROJECT_ID",), default="", help="The project that is billed."),
    ),
)
