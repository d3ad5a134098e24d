"""Names in Python and in scenario files."""

from collections.abc import Iterable


def camel(name: str) -> str:
    """`lose_watch_events` as a file writes it: `loseWatchEvents`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def in_camels(text: str, names: Iterable[str]) -> str:
    """A sentence in which the names stand as a file writes them."""
    for name in names:
        if "_" in name:
            text = text.replace(name, camel(name))
    return text
