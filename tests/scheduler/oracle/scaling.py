"""How scores are brought to 0..100."""

from collections.abc import Mapping


def by_the_highest(scores: Mapping[str, int], *, reverse: bool = False) -> dict[str, int]:
    """The highest becomes 100; reversed, 0."""
    highest = max(scores.values(), default=0)
    if not highest:
        return {node: 100 if reverse else score for node, score in scores.items()}
    scaled = {node: 100 * score // highest for node, score in scores.items()}
    return {node: 100 - score for node, score in scaled.items()} if reverse else scaled
