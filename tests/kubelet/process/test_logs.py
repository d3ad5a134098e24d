"""Log files: their format, their bound, and what is read of them."""

from itertools import count
from pathlib import Path

from orchestrator.kubelet.runtimes.container_logs import Follower, LogFile, stamp
from orchestrator.sessions import LogOptions


def _log(path: Path, rotated_at: int = 1 << 20) -> LogFile:
    clock = count(1_700_000_000)
    return LogFile(path / "0.log", lambda: float(next(clock)), rotated_at)


def _read(log: LogFile, **options: object) -> str:
    return b"".join(log.read(LogOptions(**options))).decode()  # type: ignore[arg-type]


def test_lines_have_time_stream_and_tag(tmp_path: Path) -> None:
    """Whole lines, beginnings of long ones and what has no end are written as container runtimes do."""
    log = _log(tmp_path)
    log.write("stdout", b"one\ntw")
    log.write("stderr", b"err\n")
    log.write("stdout", b"o\n" + b"x" * 20_000 + b"\nrest")
    log.close()
    lines = [line.split(" ", 3)[1:] for line in log.path.read_text().splitlines()]
    assert [(stream, tag, len(text)) for stream, tag, text in lines] == [
        ("stdout", "F", 3),
        ("stderr", "F", 3),
        ("stdout", "F", 3),
        ("stdout", "P", 16384),
        ("stdout", "F", 3616),
        ("stdout", "P", 4),
    ]
    assert _read(log) == "one\nerr\ntwo\n" + "x" * 20_000 + "\nrest"


def test_log_is_bounded(tmp_path: Path) -> None:
    """A file that is full makes room for the next, and only the one before it is kept."""
    log = _log(tmp_path, rotated_at=1000)
    for i in range(100):
        log.write("stdout", b"%050d\n" % i)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= 1000
    assert int(_read(log, tail=1)) == 99
    assert [int(line) for line in _read(log, tail=15).splitlines()] == list(range(85, 100))


def test_part_of_a_log_can_be_asked_for(tmp_path: Path) -> None:
    """The last lines, those since a moment, and their times."""
    log = _log(tmp_path)
    for i in range(5):
        log.write("stdout", b"%d\n" % i)
    assert _read(log, tail=2) == "3\n4\n"
    assert _read(log, tail=0) == ""
    assert _read(log, since=1_700_000_003.0) == "3\n4\n"
    assert _read(log, tail=1, timestamps=True) == f"{stamp(1_700_000_004.0)} 4\n"


def test_who_follows_misses_nothing_of_a_rotation(tmp_path: Path) -> None:
    """A follower reads on in the file that comes after the one it has begun with."""
    log = _log(tmp_path, rotated_at=300)
    follower = Follower(log, timestamps=False)
    seen = b""
    for i in range(30):
        log.write("stdout", b"%d\n" % i)
        seen += follower.more()
    follower.close()
    assert [int(line) for line in seen.split()] == list(range(30))
