"""The suite on formats that are no family's: other framings, signatures, jobs, uploads, batches, live sessions."""

from __future__ import annotations

from typing import ClassVar

import azure.codec
import bedrock.codec
import cloudflare.codec
import deepgram.codec
import fal.codec
import gemini_upload.codec
import openai_batch.codec
import vertex.codec
from modelscan.testing.conformance import ProviderSuite


class TestAzure(ProviderSuite):
    provider = azure.codec.modelscan_provider()
    module = "azure.codec"


class TestBedrock(ProviderSuite):
    provider = bedrock.codec.modelscan_provider()
    module = "bedrock.codec"


class TestCloudflare(ProviderSuite):
    provider = cloudflare.codec.modelscan_provider()
    module = "cloudflare.codec"
    xfail: ClassVar = {
        "test_no_field_is_dropped_in_silence": "its embeddings, written to prove the contracts, know `inputs` alone",
    }


class TestDeepgram(ProviderSuite):
    provider = deepgram.codec.modelscan_provider()
    module = "deepgram.codec"


class TestFal(ProviderSuite):
    provider = fal.codec.modelscan_provider()
    module = "fal.codec"


class TestGeminiUpload(ProviderSuite):
    provider = gemini_upload.codec.modelscan_provider()
    module = "gemini_upload.codec"


class TestOpenAIBatch(ProviderSuite):
    provider = openai_batch.codec.modelscan_provider()
    module = "openai_batch.codec"


class TestVertex(ProviderSuite):
    provider = vertex.codec.modelscan_provider()
    module = "vertex.codec"
