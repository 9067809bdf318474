"""The core's own components: they go through the same hooks as anybody's, and can be blocked or replaced by name."""

from __future__ import annotations

BUILTINS = (
    ("modelscan.transports", "httpx", "modelscan.transport.httpx_transport"),
    ("modelscan.limiters", "memory", "modelscan.limits.memory"),
    ("modelscan.limiters", "unlimited", "modelscan.limits.unlimited"),
    ("modelscan.strategies", "first", "modelscan.routing.first"),
)
"""Group, name, and `module` or `module:attribute`, as in an entry point."""
