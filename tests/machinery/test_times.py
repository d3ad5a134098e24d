"""Times and durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery import times
from orchestrator.machinery.errors import DurationError, TimeError

MINUTE, HOUR, DAY = 60, 3600, 86400
YEAR = 365 * DAY
MS = 0.001

HUMAN = [
    (-2, "<invalid>"),
    (-1.999, "0s"),
    (-1, "0s"),
    (0, "0s"),
    (1 - MS, "0s"),
    (1, "1s"),
    (2 * MINUTE - MS, "119s"),
    (2 * MINUTE, "2m"),
    (2 * MINUTE + 1, "2m1s"),
    (2 * MINUTE + 10, "2m10s"),
    (10 * MINUTE - MS, "9m59s"),
    (10 * MINUTE, "10m"),
    (3 * HOUR - MS, "179m"),
    (3 * HOUR, "3h"),
    (3 * HOUR + MINUTE, "3h1m"),
    (8 * HOUR - MS, "7h59m"),
    (8 * HOUR, "8h"),
    (8 * HOUR + 59 * MINUTE, "8h"),
    (2 * DAY - MS, "47h"),
    (2 * DAY, "2d"),
    (2 * DAY + HOUR, "2d1h"),
    (5 * DAY + 3 * HOUR, "5d3h"),
    (8 * DAY - MS, "7d23h"),
    (8 * DAY, "8d"),
    (8 * DAY + 23 * HOUR, "8d"),
    (2 * YEAR - MS, "729d"),
    (2 * YEAR, "2y"),
    (2 * YEAR + DAY - MS, "2y"),
    (2 * YEAR + DAY, "2y1d"),
    (3 * YEAR, "3y"),
    (8 * YEAR - MS, "7y364d"),
    (8 * YEAR, "8y"),
    (8 * YEAR + 364 * DAY, "8y"),
    (9 * YEAR, "9y"),
]

SHORT = [
    (-2, "<invalid>"),
    (-1, "0s"),
    (MINUTE - MS, "59s"),
    (MINUTE, "1m"),
    (HOUR - MS, "59m"),
    (HOUR, "1h"),
    (DAY - MS, "23h"),
    (DAY, "1d"),
    (YEAR - MS, "364d"),
    (YEAR, "1y"),
    (2 * YEAR, "2y"),
]

DURATIONS = [
    ("0", 0.0, "0s"),
    ("1h30m", 5400.0, "1h30m0s"),
    ("30s", 30.0, "30s"),
    ("500ms", 0.5, "500ms"),
    ("1.5s", 1.5, "1.5s"),
    ("-1.5s", -1.5, "-1.5s"),
    ("+5m", 300.0, "5m0s"),
    (".5h", 1800.0, "30m0s"),
    ("1.s", 1.0, "1s"),
    ("100us", 0.0001, "100µs"),
    ("1µs", 0.000001, "1µs"),
    ("3ns", 3e-9, "3ns"),
    ("24h", 86400.0, "24h0m0s"),
    ("1h1m1.001s", 3661.001, "1h1m1.001s"),
]

NO_DURATIONS = [
    ("", 'time: invalid duration ""'),
    ("-", 'time: invalid duration "-"'),
    ("3", 'time: missing unit in duration "3"'),
    ("s", 'time: invalid duration "s"'),
    (".s", 'time: invalid duration ".s"'),
    ("1d", 'time: unknown unit "d" in duration "1d"'),
    ("1h 5m", 'time: unknown unit "h " in duration "1h 5m"'),
    ("9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'),
]


@pytest.mark.parametrize(("seconds", "text"), HUMAN)
def test_human_duration(seconds: float, text: str) -> None:
    """Ages read as in kubectl's tables."""
    assert times.human_duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), SHORT)
def test_short_human_duration(seconds: float, text: str) -> None:
    """Short ages have one figure."""
    assert times.short_human_duration(seconds) == text


@pytest.mark.parametrize(("text", "seconds", "written"), DURATIONS)
def test_durations(text: str, seconds: float, written: str) -> None:
    """Go's durations are read, and written as Go writes them."""
    assert times.parse_duration(text) == seconds
    assert times.format_duration(seconds) == written


@pytest.mark.parametrize(("text", "message"), NO_DURATIONS)
def test_no_durations(text: str, message: str) -> None:
    """Other texts are refused in Go's words."""
    with pytest.raises(DurationError) as caught:
        times.parse_duration(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("epoch", "text", "micro"),
    [
        (0.0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
        (1704067200.0, "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000000Z"),
        (1704067200.1, "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.100000Z"),
        (1709208000.999999, "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.999999Z"),
    ],
)
def test_times(epoch: float, text: str, micro: str) -> None:
    """Times have whole seconds, micro times six digits."""
    assert times.format_time(epoch) == text
    assert times.format_micro_time(epoch) == micro


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("2024-01-01T00:00:00Z", 1704067200.0),
        ("2024-01-01T00:00:00.25Z", 1704067200.25),
        ("2024-01-01T01:30:00+01:30", 1704067200.0),
        ("2023-12-31T19:00:00.5-05:00", 1704067200.5),
        ("2024-01-01T00:00:00.123456789Z", 1704067200.123456789),
    ],
)
def test_parse_time(text: str, epoch: float) -> None:
    """RFC 3339 texts with offsets and fractions are read."""
    assert times.parse_time(text) == epoch


@pytest.mark.parametrize(
    "text",
    ["", "2024-01-01", "2024-01-01 00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01T24:00:00Z",
     "2024-01-01T00:00:60Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00+25:00", "x" * 1000],
)  # fmt: skip
def test_no_times(text: str) -> None:
    """Other texts are refused."""
    with pytest.raises(TimeError, match="parsing time"):
        times.parse_time(text)


def test_before_the_epoch() -> None:
    """No object was made before 1970."""
    with pytest.raises(TimeError):
        times.format_time(-1)


@given(st.floats(0, 4e9))
def test_round_trips(epoch: float) -> None:
    """Reading what was written loses only the digits that are not written."""
    assert times.parse_time(times.format_time(epoch)) == int(epoch)
    assert abs(times.parse_time(times.format_micro_time(epoch)) - epoch) <= 1e-6


@given(st.integers(0, 9 * 10**15))
def test_duration_round_trip(micros: int) -> None:
    """A written duration is read as itself."""
    seconds = micros / 10**6
    assert abs(times.parse_duration(times.format_duration(seconds)) - seconds) < 1e-6
