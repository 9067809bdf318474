"""Cassettes: real exchanges on disk, in vcrpy's format, without secrets, each with its origin.

    async def test_a_real_answer(cassette):
        async with AsyncClient(transport=cassette("hello", origin="api.openai.com")) as client:
            ...

The fixture `cassette` is in `modelscan.testing.pytest_plugin`. The file stands in `cassettes/` beside the test; it
is recorded with `pytest --record`, and replayed otherwise. Plain vcrpy plays the same file; what it has no words for
(where a stream's pieces ended, how long each took, a connection that broke) stands beside in a key that it passes over.
"""

from modelscan.testing.cassettes.recording import RecordingTransport
from modelscan.testing.cassettes.replaying import CassetteTransport
from modelscan.testing.cassettes.tape import Origin, Piece, Tape, Taped
from modelscan.testing.cassettes.transports import transport_of

__all__ = ["CassetteTransport", "Origin", "Piece", "RecordingTransport", "Tape", "Taped", "transport_of"]
