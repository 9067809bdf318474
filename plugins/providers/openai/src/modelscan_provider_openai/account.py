"""What every request to OpenAI tells of the account: its organisation and its project, where they are given."""

from __future__ import annotations

from typing import Final

from modelscan.contracts.http import Headers, Target
from modelscan.types.chat import ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, Models

_HEADERS: Final = (("organization", "openai-organization"), ("project", "openai-project"))


def account_headers(target: Target) -> Headers:
    """The headers that name the organisation and the project."""
    params = target.params
    return tuple([(header, params[name]) for name, header in _HEADERS if params.get(name)])


class OpenAIChatCompletions(ChatCompletions):
    """Chat completions as OpenAI itself has it."""

    __slots__ = ()

    def headers(self, request: ChatRequest, target: Target) -> Headers:
        """Every header but the credential's."""
        return super().headers(request, target) + account_headers(target)


class OpenAIEmbeddings(Embeddings):
    """Embeddings as OpenAI itself has them."""

    __slots__ = ()

    def headers(self, request: EmbedRequest, target: Target) -> Headers:
        """Every header but the credential's."""
        return super().headers(request, target) + account_headers(target)


class OpenAIModels(Models):
    """The list of models as OpenAI itself has it."""

    __slots__ = ()

    def headers(self, target: Target) -> Headers:
        """Every header but the credential's."""
        return account_headers(target)
