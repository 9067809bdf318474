"""The transport of a cassette: one that replays it, or one that records it anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from modelscan.contracts.transport import Transport, TransportOptions
from modelscan.plugins import Plugins
from modelscan.testing.cassettes.recording import RecordingTransport
from modelscan.testing.cassettes.replaying import CassetteTransport
from modelscan.testing.cassettes.tape import Origin


def transport_of(path: Path, source: str | None, secrets: Iterable[str] = ()) -> Transport:
    """A replay of the cassette; or, where a `source` to record from is named, what sends for real and records it."""
    if source is None:
        return CassetteTransport(path)
    origin = Origin(how="recorded", source=source, date=datetime.now(UTC).date().isoformat())
    return RecordingTransport(Plugins().transport("httpx")(TransportOptions()), path, origin, secrets=secrets)
