"""Names of the internet as Go's libraries read them: hosts and mailboxes."""

import re
import unicodedata
from ipaddress import IPv6Address
from typing import Final

from orchestrator.machinery.addresses import parse_address

_MOST_BYTES_OF_A_HOST: Final = 255
_MOST_BYTES_OF_A_LABEL: Final = 63

_ATOM: Final = r'[^\x00-\x20\x7f()<>\[\]:;@\\,".]+'
_DOTTED: Final = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED: Final = r'"(?:[^\x00-\x08\x0a-\x1f\x7f"\\]|\\[^\x00-\x08\x0a-\x1f\x7f])+"'
_MAILBOX: Final = rf"[ \t]*(?:{_DOTTED}|{_QUOTED})@[ \t]*(?:{_DOTTED}|\[([^\[\]\\]*)\])"
# The name of whom a mailbox belongs to. Each sign can stand for one thing only, or hostile texts would take for ever.
_NAME: Final = rf'(?:[^\x00-\x08\x0a-\x1f\x7f<>:@,"]|{_QUOTED})*'
_COMMENT: Final = r"[ \t]*(?:\([^()]*\)[ \t]*)?"
# One mailbox: bare, or in brackets after a name.
_EMAIL: Final = re.compile(rf"{_MAILBOX}{_COMMENT}|{_NAME}<{_MAILBOX}>{_COMMENT}")


def is_hostname(text: str) -> bool:
    """A label alone, or labels before a last one of letters. A dash alone stands second, or inside a label of many."""
    *labels, last = text.split(".")
    if len(text.encode()) > _MOST_BYTES_OF_A_HOST:
        return False
    if any(len(each.encode()) > _MOST_BYTES_OF_A_LABEL for each in (*labels, last)):
        return False
    if not labels:
        return bool(last) and all(map(_is_sign, last[:1] + last[1:].removeprefix("-")))
    if len(last) < 2 or not all(unicodedata.category(each)[0] == "L" for each in last):
        return False
    return all(
        each
        and _is_sign(each[0])
        and _is_sign(each[-1])
        and all(map(_is_sign, each.replace("-", "")))
        for each in labels
    )


def _is_sign(sign: str) -> bool:
    return "0" <= sign <= "9" or unicodedata.category(sign)[0] in "LS"


def is_email(text: str) -> bool:
    """One mailbox, with or without the name of whom it belongs to."""
    found = _EMAIL.fullmatch(text)
    if found is None:
        return False
    literal = found[1] if found[1] is not None else found[2]
    return literal is None or _is_plain_address(literal)


def _is_plain_address(text: str) -> bool:
    address = parse_address(text)
    return address is not None and (isinstance(address, IPv6Address) or str(address) == text)
