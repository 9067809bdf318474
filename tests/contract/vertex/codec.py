"""Google Vertex AI: Gemini's bodies under an address with a project and a location, for a service account.

Source: cloud.google.com, Vertex AI API reference (generateContent) and its page on locations, read 2026-11.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import attrs

from modelscan.auth.service_account import ServiceAccount
from modelscan.contracts.http import Target
from modelscan.contracts.provider import Connection, CredentialForm, Parameter, Provider
from modelscan.hookspecs import hookimpl
from modelscan.wire.by_secret import BySecret
from modelscan.wire.gemini import GeminiErrors, GenerateContent
from modelscan.wire.schemes import HeaderKey

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


@attrs.frozen
class VertexContent(GenerateContent):
    """Chat by generateContent, with the project and the location in the path."""

    def url(self, target: Target, method: str) -> str:
        """Where a method of the model is."""
        location = target.params["location"]
        base_url = target.base_urls["global" if location == "global" else "default"]
        place = f"projects/{target.params['project']}/locations/{location}"
        return f"{base_url}/v1/{place}/publishers/google/models/{quote(target.model, safe='')}:{method}"


@hookimpl
def modelscan_provider() -> Provider:
    """Vertex AI."""
    return Provider(
        name="vertex",
        connection=Connection(
            base_urls={
                "default": "https://{location}-aiplatform.googleapis.com",
                "global": "https://aiplatform.googleapis.com",
            },
            schemes={
                "default": BySecret({"key": HeaderKey("x-goog-api-key"), "service_account": ServiceAccount(SCOPE)})
            },
            env=("GOOGLE_VERTEX_API_KEY",),
            forms=(CredentialForm(path_env={"service_account": ("GOOGLE_APPLICATION_CREDENTIALS",)}),),
            parameters=(
                Parameter(name="project", env=("GOOGLE_CLOUD_PROJECT",)),
                Parameter(name="location", env=("GOOGLE_CLOUD_LOCATION",), default="global"),
            ),
        ),
        errors=GeminiErrors(),
        chat=VertexContent(),
    )
