"""It looks for a network while it is imported."""

from __future__ import annotations

import socket

from modelscan.wire.openai_compatible import openai_compatible

socket.socket().close()

modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY")
