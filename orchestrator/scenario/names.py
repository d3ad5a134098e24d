"""Names in Python and in scenario files."""


def camel(name: str) -> str:
    """`lose_watch_events` as a file writes it: `loseWatchEvents`."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)
