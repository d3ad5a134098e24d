"""Command-line flags as Go programs with cobra read them: `--name=value`, `--name value`."""

import re
from collections.abc import Sequence


def flags_of(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Flags by name, and what else there is. A flag that another follows is true."""
    flags: dict[str, str] = {}
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-"):
            rest.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals:
            value = waiting.pop(0) if waiting and not waiting[0].startswith("--") else "true"
        flags[name] = value
    return flags, rest


def duration(text: str) -> float:
    """Seconds of a Go duration: `1m30s`, `250ms`; 0 for what is none."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
    return sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)(ms|us|ns|h|m|s)", text))
