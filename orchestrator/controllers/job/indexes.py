"""Sets of completion indexes as a Job's status writes them: `1-3,5,7`."""

from collections.abc import Iterable


def parse_indexes(text: str, limit: int) -> frozenset[int]:
    """The indexes below `limit`; what cannot be read counts for nothing, as in Kubernetes."""
    found: set[int] = set()
    for part in text.split(",") if text else ():
        first, dash, last = part.partition("-")
        if first.isdecimal() and (not dash or last.isdecimal()):
            found.update(range(int(first), min(int(last or first) + 1, limit)))
    return frozenset(index for index in found if index < limit)


def format_indexes(indexes: Iterable[int]) -> str:
    """In order; two and more neighbours become a range (`1,2` is `1,2`, `1,2,3` is `1-3`)."""
    parts: list[str] = []
    ordered = sorted(indexes)
    start = 0
    for position in range(1, len(ordered) + 1):
        if position < len(ordered) and ordered[position] == ordered[position - 1] + 1:
            continue
        first, last = ordered[start], ordered[position - 1]
        if last - first >= 2:
            parts.append(f"{first}-{last}")
        else:
            parts.extend(str(index) for index in range(first, last + 1))
        start = position
    return ",".join(parts)
