"""The names of the original's metrics.

`metrics.txt` has a line for each family that kube-apiserver shows when nothing but it runs, and for those of
admission and of priority and fairness that it shows once there is something to tell: name, type, labels. What it
tells of Go, gRPC, etcd and its own clients is not among them.
"""

from pathlib import Path
from typing import Final

LISTED: Final = Path(__file__).parent / "metrics.txt"
_ANY_LABELS: Final = "?"


def listed() -> dict[str, tuple[str, frozenset[str] | None]]:
    """Type and labels of each family, by its name; None where its labels are nowhere documented."""
    found: dict[str, tuple[str, frozenset[str] | None]] = {}
    for line in LISTED.read_text().splitlines():
        name, kind, *labels = line.split()
        given = labels[0] if labels else ""
        found[name] = (
            kind,
            None if given == _ANY_LABELS else frozenset(filter(None, given.split(","))),
        )
    return found
