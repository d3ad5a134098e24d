"""A number over the cluster's time: its mean, how long it was more than zero, its greatest value."""

from msgspec import Struct


class GaugeUse(Struct, frozen=True):
    """What a number was between two moments. `zero_since` is when it came to zero for good, in
    seconds of the cluster's clock; None while it is not zero.
    """

    seconds: float
    area: float  # the number times the seconds for which it held
    above_zero_seconds: float
    highest: float
    zero_since: float | None

    @property
    def mean(self) -> float | None:
        """Over the time; None if no time went by."""
        return self.area / self.seconds if self.seconds > 0 else None


class GaugeMark:
    """A moment of a gauge, from which on it knows the greatest value."""

    __slots__ = ("above_zero", "area", "at", "highest")

    def __init__(self, at: float, area: float, above_zero: float, highest: float) -> None:
        self.at, self.area, self.above_zero, self.highest = at, area, above_zero, highest


class Gauge:
    """A number that changes. Values that hold for no time count for nothing but the last one."""

    __slots__ = ("_above_zero", "_area", "_at", "_marks", "_start", "_value", "_zero_since")

    def __init__(self, value: float = 0.0, at: float = 0.0) -> None:
        self._value, self._at = value, at
        self._area = self._above_zero = 0.0
        self._zero_since = at
        self._start = GaugeMark(at, 0.0, 0.0, 0.0)
        self._marks = [self._start]

    @property
    def value(self) -> float:
        """What it is now."""
        return self._value

    def set(self, value: float, now: float) -> None:
        """It is something else from now on."""
        if now > self._at:
            self._hold(now)
        if value <= 0 < self._value:
            self._zero_since = now
        self._value = value

    def mark(self, now: float) -> GaugeMark:
        """Remember this moment."""
        self._hold(now)
        mark = GaugeMark(now, self._area, self._above_zero, 0.0)
        self._marks.append(mark)
        return mark

    def since(self, mark: GaugeMark | None, now: float) -> GaugeUse:
        """What it was from a mark on, or ever, until now."""
        self._hold(now)
        begin = mark or self._start
        zero = max(self._zero_since, begin.at) if self._value <= 0 else None
        return GaugeUse(
            seconds=now - begin.at,
            area=self._area - begin.area,
            above_zero_seconds=self._above_zero - begin.above_zero,
            highest=max(begin.highest, self._value),
            zero_since=zero,
        )

    def _hold(self, now: float) -> None:
        """The present value has held until now."""
        seconds, value = now - self._at, self._value
        if seconds <= 0:
            return
        self._at = now
        if value > 0:
            self._area += value * seconds
            self._above_zero += seconds
        for mark in self._marks:
            if value > mark.highest:
                mark.highest = value
