"""What Kubernetes' values in CEL are, and what can be asked of them: URLs, quantities, versions, formats.

A function raises ValueError for what has no value, which becomes the expression's error.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from orchestrator.machinery import names
from orchestrator.machinery.cel.data import NOTHING, Opaque, Perhaps
from orchestrator.machinery.errors import QuantityError
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.formats import is_base64, is_date, is_date_time, is_uuid
from orchestrator.machinery.quantities import canonical, nano
from orchestrator.machinery.request_uris import uri_fault

NANO: Final = 10**9


# --- URLs ----------------------------------------------------------------------------------


def url(text: str) -> Opaque:
    """The URL that a text is, absolute or a path. Raises ValueError for one that is none."""
    if why := uri_fault(text):
        raise ValueError(
            f"URL parse error during conversion from string: parse {quote(text)}: {why}"
        )
    return Opaque("url", text)


def is_url(text: str) -> bool:
    """Whether a text is a URL, absolute or a path."""
    return not uri_fault(text)


def of_url(part: Callable[[Any], str]) -> Callable[[Opaque], str]:
    """A function of URLs that tells a part of them."""
    return lambda url: part(urlsplit(url.value))


def host(parts: Any) -> str:
    """A URL's host with its port."""
    return str(parts.netloc.rpartition("@")[2])


def query(url: Opaque) -> dict[str, list[str]]:
    """The parameters of a URL's query, each with all its values."""
    return parse_qs(urlsplit(url.value).query, keep_blank_values=True)


# --- quantities and versions ---------------------------------------------------------------


def quantity(text: str) -> Opaque:
    """The quantity that a text is. Raises ValueError for one that is none."""
    try:
        return Opaque("quantity", str(nano(text)))
    except QuantityError as error:
        raise ValueError(str(error)) from None


def is_quantity(text: str) -> bool:
    """Whether a text is a quantity."""
    try:
        canonical(text)
    except QuantityError:
        return False
    return True


def amount_of(quantity: Opaque) -> int:
    """A quantity in billionths."""
    return int(quantity.value)


def is_whole(quantity: Opaque) -> bool:
    """Whether a quantity is an integer of 64 bits."""
    amount, rest = divmod(amount_of(quantity), NANO)
    return not rest and -(2**63) <= amount < 2**63


def whole(quantity: Opaque) -> int:
    """A quantity as an integer. Raises ValueError for one that is none."""
    if not is_whole(quantity):
        raise ValueError("cannot convert value to integer")
    return amount_of(quantity) // NANO


def _other_amount(other: Any) -> int:
    return other * NANO if isinstance(other, int) else amount_of(other)


SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)


def semver(text: str, normalize: bool = False) -> Opaque:
    """The semantic version that a text is. Raises ValueError for one that is none.

    `normalize`: with a `v` before it, zeros before its numbers, or fewer of these, it is one, too.
    """
    if normalize:
        text = _normal_version(text)
    if not SEMVER.fullmatch(text):
        raise ValueError(_version_fault(text))
    return Opaque("semver", text)


def is_semver(text: str, normalize: bool = False) -> bool:
    """Whether a text is a semantic version."""
    try:
        semver(text, normalize)
    except ValueError:
        return False
    return True


def _normal_version(text: str) -> str:
    parts = [_without_zeros(each) for each in text.removeprefix("v").split(".", 2)]
    if len(parts) < _PARTS and re.search("[-+]", parts[-1]):
        raise ValueError("short version cannot contain PreRelease/Build meta data")
    return ".".join((*parts, "0", "0")[:_PARTS])


_PARTS: Final = 3  # of a version: major, minor, and patch with what follows


def _without_zeros(part: str) -> str:
    if len(part) <= 1:
        return part
    bare = part.lstrip("0")
    return bare if re.match("[0-9]", bare) else f"0{bare}"


def _version_fault(text: str) -> str:
    """What the original's library says of a version that is none."""
    if not text:
        return "Version string empty"
    parts = text.split(".", 2)
    if len(parts) != 3:
        return "No Major.Minor.Patch elements found"
    numbers = (*parts[:2], re.split(r"[-+]", parts[2], maxsplit=1)[0])
    for name, number in zip(("Major", "Minor", "Patch"), numbers, strict=True):
        if not re.fullmatch("[0-9]*", number):
            return f"Invalid character(s) found in {name.lower()} number {quote(number)}"
        if len(number) > 1 and number.startswith("0"):
            return f"{name} number must not contain leading zeroes {quote(number)}"
    before = re.split("[-+]", parts[2].partition("+")[0], maxsplit=1)
    for part in before[1].split(".") if len(before) > 1 else ():
        if part.isdecimal() and len(part) > 1 and part.startswith("0"):
            return f"Numeric PreRelease version must not contain leading zeroes {quote(part)}"
    return f"Invalid character(s) found in prerelease {quote(parts[2])}"


def version_parts(version: Opaque) -> tuple[Any, ...]:
    """Major, minor and patch number of a version, and what they are compared by behind."""
    found = SEMVER.fullmatch(version.value)
    assert found is not None
    numbers = tuple(int(each) for each in found.groups()[:3])
    pre = found[4]
    if pre is None:
        return (*numbers, (1,))
    words = tuple((0, int(w), "") if w.isdecimal() else (1, 0, w) for w in pre.split("."))
    return (*numbers, (0, *words))


def _comparable(value: Opaque) -> Any:
    return amount_of(value) if value.kind == "quantity" else version_parts(value)


def compared(one: Opaque, other: Opaque) -> int:
    """-1, 0 or 1: how two quantities, or two versions, stand to each other."""
    mine, theirs = _comparable(one), _comparable(other)
    return int(mine > theirs) - int(mine < theirs)


def added(quantity: Opaque, other: Any, sign: int) -> Opaque:
    """A quantity and another one, or an integer, together; `sign` -1 takes the other away."""
    return Opaque("quantity", str(amount_of(quantity) + sign * _other_amount(other)))


# --- formats -------------------------------------------------------------------------------


def _said(fits: Callable[[str], bool], fault: str) -> Callable[[str], Sequence[str]]:
    return lambda text: () if fits(text) else (fault,)


def _prefix(errors: Callable[[str], Sequence[str]]) -> Callable[[str], Sequence[str]]:
    return lambda text: errors(f"{text}a" if text.endswith("-") else text)


FORMATS: Final[Mapping[str, Callable[[str], Sequence[str]]]] = {
    "dns1123Label": names.dns1123_label_errors,
    "dns1123Subdomain": names.dns1123_subdomain_errors,
    "dns1035Label": names.dns1035_label_errors,
    "qualifiedName": names.qualified_name_errors,
    "dns1123LabelPrefix": _prefix(names.dns1123_label_errors),
    "dns1123SubdomainPrefix": _prefix(names.dns1123_subdomain_errors),
    "dns1035LabelPrefix": _prefix(names.dns1035_label_errors),
    "labelValue": names.label_value_errors,
    "uri": lambda text: (f"parse {quote(text)}: {why}",) if (why := uri_fault(text)) else (),
    "uuid": _said(is_uuid, "does not match the UUID format"),
    "byte": _said(is_base64, "invalid base64"),
    "date": _said(is_date, "invalid date"),
    "datetime": _said(is_date_time, "invalid datetime"),
}


def validated(format_: Opaque, text: str) -> Perhaps:
    """What is wrong with a text by a format: an optional list of sentences."""
    faults = list(FORMATS[format_.value](text))
    return Perhaps((faults,)) if faults else NOTHING


def named_format(name: str) -> Perhaps:
    """The format of a name, if there is one: an optional."""
    if name not in FORMATS:
        return NOTHING
    return Perhaps((Opaque("format", name),))
