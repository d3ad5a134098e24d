"""The names of the original's metrics.

`metrics.txt` has a line for each family that kube-apiserver shows when nothing but it runs, and for those of
admission and of priority and fairness that it shows once there is something to tell: name, type, labels. What it
tells of Go, gRPC, etcd and its own clients is not among them. `metrics_absent.txt` has those that this server does not
show, below the reason why.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from orchestrator.api.scheme import DEFAULT
from orchestrator.apiserver.authorization import Union
from orchestrator.apiserver.http.aggregation import Aggregation
from orchestrator.apiserver.http.encodings import Encodings
from orchestrator.apiserver.http.fairness import Fairness
from orchestrator.apiserver.http.impersonation import Impersonation
from orchestrator.apiserver.http.metrics import Metrics, present_families
from orchestrator.apiserver.http.token_webhook import TokenWebhook
from orchestrator.apiserver.peers import Peer
from orchestrator.apiserver.state import ServerState
from orchestrator.apiserver.telemetry.admission import AdmissionCounts
from orchestrator.apiserver.telemetry.families import Histogram, Series
from orchestrator.apiserver.telemetry.storage import ListCounts
from orchestrator.apiserver.watch.hub import WatchHub
from orchestrator.apiserver.watch.watchers import Watchers
from orchestrator.cluster.features import Features, feature_families

LISTED: Final = Path(__file__).parent / "metrics.txt"
ABSENT: Final = LISTED.with_name("metrics_absent.txt")
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


def absent() -> dict[str, str]:
    """The reason of each family that is not shown, by its name."""
    found, reason = {}, ""
    for line in ABSENT.read_text().splitlines():
        if line.startswith("# "):
            reason = line.removeprefix("# ")
        else:
            found[line] = reason
    return found


def served() -> Iterator[Series | Histogram]:
    """All families that the server may show, whether there is something to tell or not."""
    nothing: Any = None

    def never() -> float:
        return 0.0

    yield from Metrics(Encodings()).families()
    state = ServerState(
        dict.fromkeys((each.key for each in DEFAULT.resources()), 0), "", (0, 0), (0, 0)
    )
    yield from present_families(Fairness(1, 1.0, never, never), state, Encodings())
    yield from AdmissionCounts(never).families()
    yield from ListCounts().families()
    yield from WatchHub(Watchers(), nothing, 0).families()
    yield from Union().families()
    yield from Impersonation(nothing, never).families()
    yield from TokenWebhook(Peer(""), never).families()
    yield from Aggregation.gone({})
    yield from feature_families(Features())
