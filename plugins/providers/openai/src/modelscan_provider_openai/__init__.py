"""OpenAI: chat by chat completions and by the Responses API, embeddings, token counts, the list of models."""

from modelscan.contracts.provider import MediaRules, Parameter
from modelscan.wire.openai_compatible import MEDIA, openai_compatible
from modelscan_provider_openai.account import OpenAIEmbeddings, OpenAIModels
from modelscan_provider_openai.chat import API, OpenAIChat
from modelscan_provider_openai.counting import CountTokens

modelscan_provider = openai_compatible(
    "openai",
    base_url="https://api.openai.com/v1",
    key="OPENAI_API_KEY",
    base_url_env=("OPENAI_BASE_URL",),
    chat=OpenAIChat(),
    embed=OpenAIEmbeddings(encoding="base64"),
    models=OpenAIModels(),
    count_tokens=CountTokens(),
    media={**MEDIA, "image": MediaRules(forms=("url", "data", "file_id"), url_schemes=("https", "http", "data"))},
    parameters=(
        API,
        Parameter(name="organization", env=("OPENAI_ORG_ID",), default="", help="The organisation that is billed."),
        Parameter(name="project", env=("OPENAI_PROJECT_ID",), default="", help="The project that is billed."),
    ),
)
