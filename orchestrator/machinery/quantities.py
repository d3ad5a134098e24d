"""Amounts of resources: `500m`, `1Gi`, `2e3`, exactly as resource.Quantity reads and writes them.

Inside, a quantity is a whole number of nano units (the finest that Kubernetes keeps), so all
arithmetic is exact integer arithmetic. A text also has a *family* of suffixes (decimal, binary
or exponent), which the answer of an addition keeps.

Two facts of the original are easy to miss: anything finer than a nano unit is rounded up (away
from zero), and a text that is already in canonical form is kept letter for letter.

Every function takes a `Quantity` as it stands in an object (str, int or float) and raises
QuantityError when it is none. Results are cached: nodes and pods repeat a few hundred texts.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from orchestrator.machinery.errors import QuantityError

Quantity: TypeAlias = str | int | float
Family: TypeAlias = Literal["decimal", "binary", "exponent"]

WRONG_FORMAT: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
WRONG_NUMBER: Final = "unable to parse numeric part of quantity"
WRONG_SUFFIX: Final = "unable to parse quantity's suffix"

NANO: Final = 10**9
MAX_INT64: Final = 2**63 - 1

_GRAMMAR: Final = re.compile(
    r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?((?:[eEinumkKMGTP]*)(?:[-+]?[0-9]*))"
)
_DECIMAL: Final = {
    "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX: Final = {power: suffix for suffix, power in _DECIMAL.items()}
_BINARY_SUFFIX: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_EXPONENT: Final = re.compile(r"[eE]([+-]?[0-9]{1,18})")

# Kubernetes keeps a decimal with any exponent; we compute with whole numbers, and nothing is
# made of more than 10^308 units. The same bound on digits keeps hostile texts cheap.
_MAX_POWER: Final = 308
_MAX_LENGTH: Final = 512


class _Parsed(NamedTuple):
    nano: int
    family: Family
    kept: str  # the text itself when it is canonical already, else ""


def _suffix(text: str, suffix: str) -> tuple[int, Family]:
    """The power (of ten, or of two for the binary family) that a suffix stands for."""
    if (power := _DECIMAL.get(suffix)) is not None:
        return power, "decimal"
    if (power := _BINARY.get(suffix)) is not None:
        return power, "binary"
    if match := _EXPONENT.fullmatch(suffix):
        return int(match[1]), "exponent"
    raise QuantityError(WRONG_SUFFIX, text)


def _is_canonical(digits: str, decimals: str, power: int, family: Family) -> bool:
    """Whether Kubernetes would keep the text: its test, which is not quite a proof."""
    if family == "binary":
        room = 15 - len(digits) - power * 3 // 10 - 1
        return not decimals and room >= 0 and power % 10 == 0 and int(digits) & 7 != 0
    scale = power - len(decimals)
    shifted = digits + decimals
    return (
        len(shifted) <= 18
        and scale >= -9
        and scale % 3 == 0
        and not shifted.endswith("000")
        and shifted[0] != "0"
    )


def _ceil_div(number: int, divisor: int) -> int:
    """Divide, rounding away from zero."""
    return -(-number // divisor) if number >= 0 else number // divisor


@lru_cache(maxsize=1 << 16)
def _parse_text(text: str) -> _Parsed:
    if len(text) > _MAX_LENGTH:
        raise QuantityError(WRONG_NUMBER, text)
    if (stripped := text.strip()) != text:
        # Kubernetes trims what stands in a document, though not what a program parses.
        return _parse_text(stripped)
    match = _GRAMMAR.fullmatch(text)
    if not text or match is None:
        raise QuantityError(WRONG_FORMAT, text)
    sign, digits, decimals, suffix = match.groups(default="")
    power, family = _suffix(text, suffix)
    mantissa = int(digits + decimals or "0")
    if mantissa and power > _MAX_POWER:
        raise QuantityError(WRONG_NUMBER, text)
    digits = digits or "0"
    if family == "binary":
        nano = _scaled(mantissa << power, 9 - len(decimals))
        nano = min(nano, MAX_INT64 * NANO)
    else:
        nano = _scaled(mantissa, power - len(decimals) + 9)
    kept = text if nano and _is_canonical(digits, decimals, power, family) else ""
    if family == "binary" and 0 < nano < NANO:
        family = "decimal"
    return _Parsed(-nano if sign == "-" else nano, family, kept)


def _scaled(mantissa: int, power: int) -> int:
    """`mantissa` times ten to the `power`, rounded up."""
    if power >= 0:
        return mantissa * int(10**power)
    # Beyond the digits of the mantissa a larger divisor gives the same 0 or 1.
    return _ceil_div(mantissa, 10 ** min(-power, _MAX_LENGTH))


def _parsed(quantity: Quantity) -> _Parsed:
    if type(quantity) is str:
        return _parse_text(quantity)
    if isinstance(quantity, bool) or not isinstance(quantity, (str, int, float)):
        raise QuantityError(WRONG_FORMAT, quantity)
    if isinstance(quantity, int):
        # Longer than any quantity: the text form would be refused by int() limits instead.
        if abs(quantity) >= 10**_MAX_POWER:
            raise QuantityError(WRONG_NUMBER, quantity)
        return _parse_text(str(int(quantity)))
    return _parse_text(repr(quantity) if isinstance(quantity, float) else str(quantity))


@lru_cache(maxsize=1 << 16, typed=True)
def nano(quantity: Quantity) -> int:
    """The exact amount in nano units (10⁻⁹)."""
    return _parsed(quantity).nano


@lru_cache(maxsize=1 << 16, typed=True)
def milli(quantity: Quantity) -> int:
    """The amount in thousandths, rounded up: milli-CPUs. Saturates at ±(2⁶³-1)."""
    return _saturated(_ceil_div(_parsed(quantity).nano, 10**6))


@lru_cache(maxsize=1 << 16, typed=True)
def value(quantity: Quantity) -> int:
    """The amount in whole units, rounded up: bytes, pods, devices. Saturates at ±(2⁶³-1)."""
    return _saturated(_ceil_div(_parsed(quantity).nano, NANO))


def _saturated(number: int) -> int:
    # Callers put these into int64 columns; the original's overflow (to 0) helps nobody.
    return max(-MAX_INT64, min(MAX_INT64, number))


def parse(quantity: Quantity) -> int | Fraction:
    """The exact amount: an int when it is whole, else a Fraction."""
    whole, rest = divmod(_parsed(quantity).nano, NANO)
    return whole if rest == 0 else Fraction(_parsed(quantity).nano, NANO)


def family(quantity: Quantity) -> Family:
    """The family of suffixes that the quantity is written in."""
    return _parsed(quantity).family


class Amount(NamedTuple):
    """A quantity as Kubernetes holds it: `number` times ten to the `scale`, and the text if it keeps that."""

    number: int
    scale: int
    family: Family
    text: str


def amount_of(quantity: Quantity) -> Amount:
    """The quantity as Kubernetes holds one of at most 18 digits."""
    parsed = _parsed(quantity)
    text = str(quantity).strip()
    match = _GRAMMAR.fullmatch(text)
    assert match is not None  # it has been read
    sign, digits, decimals, suffix = match.groups(default="")
    power, family = _suffix(text, suffix)
    number = int(digits + decimals or "0") * (-1 if sign == "-" else 1)
    kept = parsed.kept if text != "0" else text
    if family == "binary":
        return Amount(number << power, 0, parsed.family, kept)
    return Amount(number, power - len(decimals), parsed.family, kept)


def is_quantity(quantity: object) -> bool:
    """Whether the value can be read as a quantity."""
    try:
        _parsed(quantity)  # type: ignore[arg-type]  # it answers by its errors
    except QuantityError:
        return False
    return True


@lru_cache(maxsize=1 << 16, typed=True)
def canonical(quantity: Quantity) -> str:
    """The text that the API server answers: `0.5` is `500m`, `1024Mi` is `1Gi`."""
    parsed = _parsed(quantity)
    return parsed.kept or format_nano(parsed.nano, parsed.family)


class Form(NamedTuple):
    """What Go makes of a text: a number of units, a power of ten, the family, and the text where it keeps it.

    `units` are 0 where it computes with big decimals: these are nano units then.
    """

    units: int
    power: int
    family: Family
    kept: str
    nano: int = 0


@lru_cache(maxsize=1 << 12, typed=True)
def form(quantity: Quantity) -> Form:
    """How Go holds a quantity: texts of one amount may be different values there."""
    parsed = _parsed(quantity)
    text = str(quantity).strip()
    if text == "0":
        return Form(0, 0, "decimal", text)
    match = _GRAMMAR.fullmatch(text)
    assert match is not None  # it was parsed
    sign, digits, decimals, suffix = match.groups(default="")
    power, family = _suffix(text, suffix)
    digits = digits or "0"
    units = int(sign + digits + decimals)
    if family == "binary":
        room = 15 - len(digits) - power * 3 // 10 - 1
        small, units, power = not decimals and room >= 0, units << power, 0
    else:
        power -= len(decimals)
        small = len(digits + decimals) <= 18 and power >= -9
    if not small:
        return Form(0, 0, parsed.family, "", parsed.nano)
    return Form(units, power, family, parsed.kept)


def format_nano(nano: int, family: Family = "decimal") -> str:
    """Write an amount of nano units in the largest suffix of the family that loses nothing.

    A binary amount that is no whole number, or less than 1024, is written in the decimal family.
    Beyond `E` more digits are written (Kubernetes drops the suffix there, and the amount with it).
    """
    if nano == 0:
        return "0"
    if family == "binary" and (abs(nano) < 1024 * NANO or nano % NANO):
        family = "decimal"
    if family == "binary":
        return _format_binary(nano // NANO)
    power = -9
    while nano % 1000 == 0 and (family == "exponent" or power < 18):
        nano //= 1000
        power += 3
    if family == "exponent":
        return f"{nano}e{power}" if power else str(nano)
    return f"{nano}{_DECIMAL_SUFFIX[power]}"


def _format_binary(number: int) -> str:
    step = 0
    while number % 1024 == 0 and step < 6:
        number //= 1024
        step += 1
    return f"{number}{_BINARY_SUFFIX[step]}"


def format_milli(milli: int) -> str:
    """Write thousandths (milli-CPUs) in the decimal family."""
    return format_nano(milli * 10**6)


def format_bytes(number: int) -> str:
    """Write a whole number in the binary family."""
    return format_nano(number * NANO, "binary")


def compare(left: Quantity, right: Quantity) -> int:
    """-1, 0 or 1, as `left` is less than, equal to or greater than `right`."""
    a, b = nano(left), nano(right)
    return (a > b) - (a < b)


def is_zero(quantity: Quantity) -> bool:
    """Whether the amount is zero, in whatever suffix."""
    return nano(quantity) == 0


def add(left: Quantity, right: Quantity) -> str:
    """The sum, in the family of `left` (of `right` when `left` is zero)."""
    a, b = _parsed(left), _parsed(right)
    return format_nano(a.nano + b.nano, a.family if a.nano else b.family)


def subtract(left: Quantity, right: Quantity) -> str:
    """The difference, in the family of `left` (of `right` when `left` is zero)."""
    a, b = _parsed(left), _parsed(right)
    return format_nano(a.nano - b.nano, a.family if a.nano else b.family)


def add_maps(*maps: Mapping[str, Quantity]) -> dict[str, str]:
    """Sum resource lists name by name; a name that is missing counts as zero."""
    total: dict[str, str] = {}
    for each in maps:
        for name, quantity in each.items():
            present = total.get(name)
            total[name] = canonical(quantity) if present is None else add(present, quantity)
    return total


def subtract_maps(left: Mapping[str, Quantity], right: Mapping[str, Quantity]) -> dict[str, str]:
    """`left` less `right`, for every name of either; may be negative."""
    result = {name: canonical(quantity) for name, quantity in left.items()}
    for name, quantity in right.items():
        result[name] = subtract(result.get(name, "0"), quantity)
    return result


def max_maps(*maps: Mapping[str, Quantity]) -> dict[str, str]:
    """The greatest quantity of each name."""
    result: dict[str, str] = {}
    for each in maps:
        for name, quantity in each.items():
            present = result.get(name)
            if present is None or compare(quantity, present) > 0:
                result[name] = canonical(quantity)
    return result


def exceeded(used: Mapping[str, Quantity], hard: Mapping[str, Quantity]) -> tuple[str, ...]:
    """The names, sorted, of which more is used than `hard` allows; others have no limit."""
    return tuple(
        sorted(name for name, limit in hard.items() if compare(used.get(name, "0"), limit) > 0)
    )
