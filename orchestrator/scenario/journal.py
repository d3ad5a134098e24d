"""The whole history of a run as lines of JSON: `events.jsonl`.

Each line is one committed change: `at` (seconds of the cluster's time since the run began),
`revision`, `type` (ADDED, MODIFIED, DELETED), `resource` and `object`, as a watch would show it.
"""

from collections.abc import Callable
from typing import IO

import msgspec

from orchestrator.api import codec
from orchestrator.store import Change


class Journal:
    """Writes changes to a file. `fail` is told why it cannot: whoever notes a change, in the midst of
    a commit, is not to suffer for it.
    """

    def __init__(self, file: IO[bytes], fail: Callable[[OSError], None]) -> None:
        self._file = file
        self._fail = fail
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
        try:
            self._file.write(self._encoder.encode(line))
            self._file.write(b"\n")
        except OSError as error:
            self._fail(error)
