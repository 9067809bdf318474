"""OpenAI: chat completions and embeddings."""

from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, openai_compatible

modelscan_provider = openai_compatible(
    "openai",
    base_url="https://api.openai.com/v1",
    key="OPENAI_API_KEY",
    base_url_env=("OPENAI_BASE_URL",),
    chat=ChatCompletions(),
    embed=Embeddings(encoding="base64"),
)
