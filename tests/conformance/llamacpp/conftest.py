"""Where cassettes of llama.cpp's server come from; `pytest --record` records them anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import pytest

from llamacpp_server import llamacpp_server
from modelscan.testing.cassettes import Tape

BaseUrl = Callable[[str], AbstractContextManager[str]]


@pytest.fixture
def server_of(request: pytest.FixtureRequest) -> BaseUrl:
    """The address (without a path) of the server that a cassette was, or now is, recorded from."""

    @contextmanager
    def address(name: str) -> Iterator[str]:
        if request.config.getoption("record"):
            with llamacpp_server() as url:
                yield url.removesuffix("/v1")
            return
        first = Tape.read(request.path.parent / "cassettes" / f"{name}.yaml").exchanges[0]
        parts = urlsplit(first.request.url)
        yield f"{parts.scheme}://{parts.netloc}"

    return address
