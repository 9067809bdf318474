"""What the tests share: the real model, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelscan.contracts.http import Target
from modelscan_provider_embedded.operations import Chat, CountTokens, Runtime
from modelscan_provider_embedded.settings import bundled_weights


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return Runtime()


@pytest.fixture(scope="session")
def chat(runtime: Runtime) -> Chat:
    return Chat(runtime)


@pytest.fixture(scope="session")
def count_tokens(runtime: Runtime) -> CountTokens:
    return CountTokens(runtime)


@pytest.fixture(scope="session")
def target() -> Target:
    return Target(base_urls={}, model="smollm2")


@pytest.fixture(scope="session")
def weights() -> Path:
    found = bundled_weights()
    assert found is not None, "a plain sync installs the weights"
    return found
