"""Azure OpenAI's classic addresses: the deployment in the path, the version in the query, OpenAI's bodies.

Source: learn.microsoft.com, Azure OpenAI REST API reference, and recordings, read 2026-11.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import attrs

from modelscan.contracts.http import Target
from modelscan.contracts.provider import Connection, CredentialForm, Parameter, Provider
from modelscan.hookspecs import hookimpl
from modelscan.wire.by_secret import BySecret
from modelscan.wire.oauth2 import ClientCredentials
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, OpenAIErrors
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.schemes import HeaderKey

SCOPE: Final = "https://cognitiveservices.azure.com/.default"


def deployment_url(target: Target, path: str) -> str:
    """The address of a deployment's operation; the model of the target is the deployment's name."""
    deployment = quote(target.model, safe="")
    return f"{target.base_url}/openai/deployments/{deployment}{path}?api-version={target.params['api_version']}"


@attrs.frozen(kw_only=True)
class AzureChat(ChatCompletions):
    """Chat completions of a deployment."""

    def url(self, target: Target) -> str:
        """Where the request goes."""
        return deployment_url(target, self.path)


@attrs.frozen(kw_only=True)
class AzureEmbeddings(Embeddings):
    """Vectors of a deployment."""

    def url(self, target: Target) -> str:
        """Where the request goes."""
        return deployment_url(target, self.path)


@attrs.frozen(kw_only=True)
class AzureResponses(Responses):
    """The Responses API, which takes the deployment in its body."""

    def url(self, target: Target) -> str:
        """Where the request goes."""
        return f"{target.base_url}/openai{self.path}?api-version={target.params['api_version']}"


CONNECTION: Final = Connection(
    base_urls={"default": "https://{resource}.openai.azure.com"},
    base_url_env=("AZURE_OPENAI_ENDPOINT",),
    schemes={
        "default": BySecret(
            {
                "key": HeaderKey("api-key"),
                "client_secret": ClientCredentials("{authority}/{tenant}/oauth2/v2.0/token", scope=SCOPE),
            }
        )
    },
    env=("AZURE_OPENAI_API_KEY", "AZURE_API_KEY"),
    forms=(CredentialForm(env={"client_id": ("AZURE_CLIENT_ID",), "client_secret": ("AZURE_CLIENT_SECRET",)}),),
    parameters=(
        Parameter(name="resource", env=("AZURE_RESOURCE_NAME",), help="The name before .openai.azure.com."),
        Parameter(name="api_version", env=("OPENAI_API_VERSION",), default="2024-10-21"),
        Parameter(name="tenant", env=("AZURE_TENANT_ID",), default=""),
        Parameter(name="authority", env=("AZURE_AUTHORITY_HOST",), default="https://login.microsoftonline.com"),
    ),
)


@hookimpl
def modelscan_provider() -> Provider:
    """Azure OpenAI."""
    return Provider(
        name="azure",
        connection=CONNECTION,
        errors=OpenAIErrors(),
        chat=AzureChat(),
        embed=AzureEmbeddings(),
        request_id_headers=("apim-request-id", "x-request-id"),
        limit_headers="openai",
    )
