"""The audit log's file is begun anew when it is full, and events that are too large are cut."""

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from actors import ActorSystem
from orchestrator.apiserver.http.audit import AuditLog, Rotation, Truncated, Truncation
from orchestrator.apiserver.http.audit.backends import Event, NotKept
from orchestrator.apiserver.http.audit.rotation import RotatedFile
from orchestrator.cli.auditing import Auditing
from tests.apiserver.http.test_audit_modes import POLICY, given

DAY = 86_400.0
HALF = b"x" * 600_000


class Times:
    """Seconds since the epoch, which a test sets."""

    def __init__(self, now: float = 20_000 * DAY + 0.25) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_full_file_is_set_aside_under_its_time(tmp_path: Path) -> None:
    """A line is written whole; the file is its owner's alone, and what was there before is not lost."""
    path, times = tmp_path / "audit.log", Times()
    file = RotatedFile(path, Rotation(megabytes=1), times)
    file.write(HALF)
    file.write(HALF)
    file.close()
    assert names(tmp_path) == ["audit-2024-10-04T00-00-00.250.log", "audit.log"]
    assert {each.stat().st_size for each in tmp_path.iterdir()} == {len(HALF)}
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
    again = RotatedFile(path, Rotation(megabytes=1), times)
    times.now += 1
    again.write(HALF)
    assert "audit-2024-10-04T00-00-01.250.log" in names(tmp_path)
    again.close()


def test_old_files_are_taken_away(tmp_path: Path) -> None:
    """Those that are too many and those that are too old, and nothing else that lies there."""
    path, times = tmp_path / "audit.log", Times()
    for name in (
        "audit-x.log",
        "audit-2020-01-01T00-00-00.000.txt",
        "other-2020-01-01T00-00-00.000.log",
    ):
        (tmp_path / name).write_text("")
    strange = set(names(tmp_path))
    file = RotatedFile(path, Rotation(megabytes=1, files=2, days=3), times)
    for _ in range(5):
        times.now += DAY / 2
        file.write(HALF)
    assert len(set(names(tmp_path)) - strange) == 3
    times.now += 3.2 * DAY
    file.write(HALF)
    assert set(names(tmp_path)) - strange == {"audit.log", "audit-2024-10-09T16-48-00.250.log"}
    assert strange < set(names(tmp_path))
    file.close()


def test_old_files_are_compressed(tmp_path: Path) -> None:
    """And read as before."""
    file = RotatedFile(tmp_path / "audit.log", Rotation(megabytes=1, compress=True), Times())
    file.write(HALF)
    file.write(HALF)
    file.close()
    packed = tmp_path / "audit-2024-10-04T00-00-00.250.log.gz"
    assert names(tmp_path) == [packed.name, "audit.log"]
    assert gzip.decompress(packed.read_bytes()) == HALF
    assert packed.stat().st_mode & 0o777 == 0o600


def test_a_device_is_never_set_aside() -> None:
    """However much was written to it."""
    with AuditLog("/dev/null", rotation=Rotation(megabytes=1)) as log:
        for _ in range(3):
            assert log({"text": HALF.decode()}) is None
    assert Path("/dev/null").is_char_device()


class Kept:
    """A backend that remembers its batches; it fails where it is told to."""

    name = "kept"

    def __init__(self, *, fails: bool = False) -> None:
        self.batches: list[list[Event]] = []
        self.fails = fails

    async def keep(self, events: Sequence[Event], *, persistent: bool = True) -> None:
        """As `Backend`."""
        self.batches.append(list(events))
        if self.fails:
            raise NotKept("no room")


def event(level: str, **fields: Any) -> dict[str, Any]:
    """An event of the log."""
    return {"level": level, "annotations": {"a": "b"}, **fields}


async def test_large_events_lose_their_objects() -> None:
    """And say so; those that are large without them are lost and counted."""
    kept, lost = Kept(), Counter[str]()
    backend = Truncated(kept, Truncation(event=200), lost)
    large = "x" * 300
    await backend.keep(
        [
            event("RequestResponse", requestObject=large, responseObject=large),
            event("Request", requestObject="small"),
            event("Metadata", requestURI=large),
            event("Request", requestURI=large),
        ]
    )
    (batch,) = kept.batches
    cut = {"a": "b", "audit.k8s.io/truncated": "true"}
    assert batch == [
        {"level": "RequestResponse", "annotations": cut},
        event("Request", requestObject="small"),
    ]
    assert lost == {"truncate": 2}


async def test_large_batches_are_divided() -> None:
    """And all of them are tried, whatever becomes of the first."""
    kept = Kept(fails=True)
    one = event("Metadata")
    size = len(json.dumps(one, separators=(",", ":"))) + 1
    backend = Truncated(kept, Truncation(batch=2 * size), Counter())
    with pytest.raises(NotKept, match="no room"):
        await backend.keep([one] * 5)
    assert [len(each) for each in kept.batches] == [2, 2, 1]


async def test_the_command_line_says_when(tmp_path: Path) -> None:
    """By the options' names and defaults of kube-apiserver."""
    (tmp_path / "policy.yaml").write_text(json.dumps(POLICY))
    folder = tmp_path / "logs"
    folder.mkdir()
    arguments = (
        f"--audit-policy-file={tmp_path / 'policy.yaml'}",
        f"--audit-log-path={folder / 'a.log'}",
        "--audit-log-maxsize=1",
        "--audit-log-maxbackup=1",
        "--audit-log-truncate-enabled",
        "--audit-log-truncate-max-event-size=700000",
    )
    async with ActorSystem() as system, Auditing(given(*arguments)).begun(system.clock) as audit:
        assert audit is not None
        for uri in (HALF.decode(), HALF.decode(), HALF.decode()):
            waiting = audit.sink(event("Metadata", requestURI=uri))
            assert waiting is not None
            assert await waiting
        waiting = audit.sink(event("Request", requestObject=2 * HALF.decode()))
        assert waiting is not None
        assert await waiting
    assert len(names(folder)) == 2
    last = (folder / "a.log").read_text().splitlines()[-1]
    assert json.loads(last)["annotations"]["audit.k8s.io/truncated"] == "true"
    defaults = given()
    assert [defaults[f"audit_log_{each}"] for each in ("maxsize", "maxbackup", "maxage")] == [
        100,
        100,
        366,
    ]
