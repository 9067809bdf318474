"""The limiter `redis`: limits and budgets that processes and machines share, on Redis or Valkey."""

from __future__ import annotations

from modelscan.hookspecs import hookimpl
from modelscan_limiter_redis.limiter import RedisLimiter

__all__ = ["RedisLimiter", "modelscan_limiter"]


@hookimpl
def modelscan_limiter() -> type[RedisLimiter]:
    """The limiter named `redis`."""
    return RedisLimiter
