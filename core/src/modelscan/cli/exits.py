"""Exit codes, and the one place where an error becomes a line for a person."""

from __future__ import annotations

from modelscan.errors import (
    ConfigurationError,
    CredentialError,
    DeadlineError,
    InvalidRequestError,
    LimitError,
    ModelScanError,
    PluginError,
    UnknownNameError,
)

OK = 0
FAILED = 1
USAGE = 2
SETUP = 3
LIMITED = 4
INTERRUPTED = 130

MEANINGS = {
    OK: "it worked",
    FAILED: "the call failed (the provider, the network, the answer), or a check did",
    USAGE: "wrong use of the command line, an unknown name, or a request that no provider would take",
    SETUP: "configuration, API key or plugin",
    LIMITED: "a limit, a budget or the deadline",
    INTERRUPTED: "interrupted",
}


def code_of(error: ModelScanError) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, (ConfigurationError, CredentialError, PluginError)):
        return SETUP
    if isinstance(error, (LimitError, DeadlineError)):
        return LIMITED
    return USAGE if isinstance(error, (InvalidRequestError, UnknownNameError)) else FAILED
