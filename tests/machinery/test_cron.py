"""The times of schedules."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.machinery.cron import parse_schedule

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("* * * * *", "2026-01-01T00:00:59", "2026-01-01T00:01:00"),
        ("*/15 * * * *", "2026-01-01T00:15:00", "2026-01-01T00:30:00"),
        ("5/20 3 * * *", "2026-01-01T03:26:00", "2026-01-01T03:45:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 13 * fri", "2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("0 0 13 * *", "2026-01-01T00:00:00", "2026-01-13T00:00:00"),
        ("0 0 13 * */2", "2026-01-01T00:00:00", "2026-01-03T00:00:00"),
        ("0 12 * * 1-5", "2026-01-02T12:00:00", "2026-01-05T12:00:00"),
        ("@monthly", "2026-01-31T00:00:00", "2026-02-01T00:00:00"),
        ("@every 1h30m", "2026-01-01T00:00:00", "2026-01-01T01:30:00"),
    ],
)
def test_the_next_time(schedule: str, after: str, expected: str) -> None:
    """Days are chosen by either field where both are given, and by the other where one is a star; `*/2` is none."""
    parsed = parse_schedule(schedule)
    assert parsed is not None
    since = datetime.fromisoformat(after).replace(tzinfo=UTC).timestamp()
    found = parsed.after(since, UTC)
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%dT%H:%M:%S") == expected


def test_a_day_that_never_comes_has_no_time() -> None:
    """30 February."""
    parsed = parse_schedule("0 0 30 2 *")
    assert parsed is not None
    assert parsed.after(0, UTC) is None


@pytest.mark.parametrize(
    ("day", "times"),
    [("2026-03-29", []), ("2026-10-25", ["00:30", "01:30"]), ("2026-06-01", ["00:30"])],
)
def test_hours_that_are_left_out_or_come_twice(day: str, times: list[str]) -> None:
    """02:30 in Berlin: not in spring, twice in autumn; said in UTC."""
    parsed = parse_schedule("30 2 * * *")
    assert parsed is not None
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN).timestamp() - 1
    end = start + 25 * 3600 if "10-25" in day else start + 23 * 3600
    found = []
    at = parsed.after(start, BERLIN)
    while at is not None and at <= end:
        found.append(datetime.fromtimestamp(at, UTC).strftime("%H:%M"))
        at = parsed.after(at, BERLIN)
    assert found == times
