"""Numbers as people read them: `1,234`, `3.2 ms`, `1.5 GiB`, `45 %`. What is no number is a dash."""

import math
from typing import Final, TypeAlias

NONE: Final = "–"
NOTHING: Final = "nothing measured"
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86_400.0
_SMALL_SECONDS: Final = ((1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BINARY: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
SHARES: Final = ("requested", "fragmentation", "allocatedAt")
"""What measures of shares from 0 to 1 begin with."""
Scale: TypeAlias = tuple[tuple[float, str], ...]
_BYTES: Final = ("memory", "storage", "ephemeral-storage", "hugepages-")


def number(value: float) -> str:
    """Three significant digits below a thousand, whole with separators above."""
    if not math.isfinite(value):
        return NONE if math.isnan(value) else ("∞" if value > 0 else "-∞")
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3g}"
    return f"{value:.3g}"


def about(value: float) -> str:
    """Three significant digits: `1,460,000`."""
    return number(float(f"{value:.3g}"))


def seconds(value: float) -> str:
    """A duration in the unit that suits it, from `12 ns` to `150 d`."""
    if not math.isfinite(value):
        return number(value)
    if value < 0:
        return f"-{seconds(-value)}"
    if value == 0:
        return "0 s"
    if value < 0.9995:  # what is not rounded up to a second
        for factor, unit in _SMALL_SECONDS:
            if value >= factor * 0.9995:
                return f"{number(_three(value / factor))} {unit}"
        return f"{value:.1e} s"
    if value < 2 * _MINUTE:
        return f"{number(_three(value))} s"
    if value < 2 * _HOUR:
        return f"{number(_three(value / _MINUTE))} min"
    if value < 2 * _DAY:
        return f"{number(_three(value / _HOUR))} h"
    return f"{number(_three(value / _DAY))} d"


def size(value: float) -> str:
    """Bytes in binary units."""
    if not math.isfinite(value):
        return number(value)
    scaled, unit = value, 0
    while abs(scaled) >= 1024 and unit < len(_BINARY) - 1:
        scaled, unit = scaled / 1024, unit + 1
    return f"{number(_three(scaled))} {_BINARY[unit]}"


def share(value: float) -> str:
    """0 to 1 as percent, to at most its hundredth."""
    if not math.isfinite(value):
        return number(value)
    return f"{number(_three(round(value * 100, 2)))} %"


def of_measure(name: str, value: float | None) -> str:
    """A measure, in the unit that its name tells."""
    if value is None:
        return NOTHING
    if name.startswith(SHARES):
        return share(value)
    if "PodSeconds" in name:
        return f"{number(_three(value))} pod·s"
    if "Seconds" in name:
        return seconds(value)
    if "Bytes" in name:
        return size(value)
    return number(value)


def scale_of_measure(name: str) -> Scale:
    """The units beyond seconds and bytes in which values of a measure are read, the least first."""
    if name.startswith(SHARES) or "PodSeconds" in name:
        return ()
    if "Seconds" in name:
        return ((_MINUTE, "min"), (_HOUR, "h"), (_DAY, "d"))
    if "Bytes" not in name:
        return ()
    return tuple((1024.0**power, unit) for power, unit in enumerate(_BINARY) if power)


def unit_for(scale: Scale, highest: float) -> tuple[float, str]:
    """The greatest unit that the highest value holds twice, and its name; (1, "") if there is none."""
    return max(((unit, name) for unit, name in scale if highest >= 2 * unit), default=(1.0, ""))


def bound_of_measure(name: str, value: float) -> str:
    """A bound that somebody set on a measure, in the measure's unit: counts and seconds as they are."""
    if name.startswith(SHARES) or "Bytes" in name:
        return of_measure(name, value)
    unit = " pod·s" if "PodSeconds" in name else " s" * ("Seconds" in name)
    return f"{value:,.10g}{unit}"


def of_resource(resource: str, value: float) -> str:
    """An amount of a resource in base units: cores, bytes, pieces."""
    if resource.startswith(_BYTES):
        return size(value)
    return number(value)


def signed(text: str) -> str:
    """With a plus if it has no minus."""
    return text if text.startswith(("-", NONE)) or text.split()[0] == "0" else f"+{text}"


def _three(value: float) -> float:
    """Rounded to three significant digits; whole above a hundred."""
    if value == 0 or not math.isfinite(value):  # which a percentage may be that no float holds
        return value
    return round(value, max(0, 2 - math.floor(math.log10(abs(value)))))
