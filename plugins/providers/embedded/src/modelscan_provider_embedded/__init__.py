"""The embedded provider: a small chat model that runs in your own process, without a key or a network.

`embedded/smollm2` is SmolLM2-135M-Instruct; a GGUF file of your own is `embedded/<its name without .gguf>` once the
parameter `model_path` (or `MODELSCAN_EMBEDDED_MODEL`) points to it. Importing this package loads neither runtime nor
model: the first call does, on a thread of its own.
"""

from __future__ import annotations

from modelscan.contracts.provider import Connection, Provider
from modelscan.hookspecs import hookimpl
from modelscan_provider_embedded.operations import PROVIDER, Bounds, Chat, CountTokens, Failures, Models, Runtime
from modelscan_provider_embedded.settings import PARAMETERS

__all__ = ["modelscan_provider"]


@hookimpl
def modelscan_provider() -> Provider:
    """The provider; all calls of the process share its loaded models."""
    runtime = Runtime()
    return Provider(
        name=PROVIDER,
        connection=Connection(base_urls={}, parameters=PARAMETERS),
        errors=Failures(),
        chat=Chat(runtime),
        count_tokens=CountTokens(runtime),
        models=Models(runtime),
        meter=Bounds(),
        cut_stream="arrived",  # leaving a stream stops the model
    )
