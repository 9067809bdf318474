"""How a suite gets its component, and what it is asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from modelscan.contracts.policies import Call
from modelscan.plugins import Plugins
from modelscan.testing.conformance.samples import CHAT
from modelscan.testing.conformance.suite import Suite
from modelscan.types.context import CallContext

CALL = Call(id="call-1", request=CHAT, context=CallContext(), capability="chat", model="provider/model")


class MadeByName(Suite):
    """What an author says of a component: the name of an installed one, or a factory; `options` are the factory's."""

    options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def made(self) -> Any:
        """A fresh component of the suite's kind."""
        given = getattr(type(self), self.kind)
        factory: Callable[..., Any] = getattr(Plugins(), self.kind)(given) if isinstance(given, str) else given
        return factory(**type(self).options)
