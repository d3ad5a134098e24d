"""The whole history of a run as lines of JSON: `events.jsonl`.

Each line is one committed change: `at` (seconds of the cluster's time since the run began),
`revision`, `type` (ADDED, MODIFIED, DELETED), `resource` and `object`, as a watch would show it.
"""

from typing import IO

import msgspec

from orchestrator.api import codec
from orchestrator.store import Change


class Journal:
    """Writes changes to a file. Raises OSError, at any change or at the end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._encoder = msgspec.json.Encoder()

    def note(self, at: float, change: Change) -> None:
        """One more change."""
        line = {
            "at": round(at, 6),
            "revision": change.revision,
            "type": change.type,
            "resource": change.bucket,
            "object": msgspec.Raw(codec.encode(change.object)),
        }
        self._file.write(self._encoder.encode(line))
        self._file.write(b"\n")
