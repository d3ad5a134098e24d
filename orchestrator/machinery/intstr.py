"""Values that are a number or a percentage of one: `maxSurge: 25%`, `minAvailable: 2`.

An `IntOrString` is an int or a str. A string counts only as a percentage; a bare "3" is refused,
as Kubernetes refuses it.
"""

import re
from typing import Final, TypeAlias

from orchestrator.machinery.errors import IntOrPercentError
from orchestrator.machinery.field_errors import quote

IntOrString: TypeAlias = int | str

_PERCENT: Final = re.compile("[0-9]+%")
_INTEGER: Final = re.compile("[+-]?[0-9]{1,18}")

PERCENT_RULE: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def percent_of(value: IntOrString) -> int | None:
    """The percentage, or None for a plain number. Raises IntOrPercentError for other strings."""
    if isinstance(value, int):
        return None
    if not value.endswith("%"):
        message = "invalid value for IntOrString: invalid type: string is not a percentage"
        raise IntOrPercentError(message, value)
    if not value.isascii() or _INTEGER.fullmatch(digits := value[:-1]) is None:
        fault = f"strconv.Atoi: parsing {quote(value[:-1])}: invalid syntax"
        message = f"invalid value for IntOrString: invalid value {quote(value)}: {fault}"
        raise IntOrPercentError(message, value)
    return int(digits)


def resolve(value: IntOrString, total: int, *, round_up: bool) -> int:
    """The number itself, or the percentage of `total`, rounded as asked.

    Raises IntOrPercentError when it is neither.
    """
    percent = percent_of(value)
    if percent is None:
        return int(value)
    # Whole numbers only: a float would round 33.000000000000004 up to 34.
    return -(-percent * total // 100) if round_up else percent * total // 100


def percent_errors(value: str) -> tuple[str, ...]:
    """Kubernetes' complaint about a text that is no percentage."""
    return () if _PERCENT.fullmatch(value) else (PERCENT_RULE,)


def non_negative_errors(value: IntOrString) -> tuple[str, ...]:
    """Complaints about a value that must be a percentage or an integer of zero or more."""
    if isinstance(value, str):
        return percent_errors(value)
    return () if value >= 0 else ("must be greater than or equal to 0",)


def at_most_all_errors(value: IntOrString) -> tuple[str, ...]:
    """Complaints about a percentage above 100; numbers pass."""
    if (
        isinstance(value, str)
        and _PERCENT.fullmatch(value)
        and (len(value) > 19 or int(value[:-1]) > 100)
    ):
        return ("must not be greater than 100%",)
    return ()


def parse(text: str) -> IntOrString:
    """A 32-bit integer if the text is one, else the text: ports on a command line."""
    if text.isascii() and _INTEGER.fullmatch(text) and -(2**31) <= int(text) < 2**31:
        return int(text)
    return text
