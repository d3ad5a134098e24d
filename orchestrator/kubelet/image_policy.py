"""When images leave a node that nobody uses there."""

from msgspec import Struct


class ImagePolicy(Struct, frozen=True):
    """When images go. The thresholds are percents of the disk that are used; ages are seconds, and 0 is no greatest age."""

    high_percent: int = 85
    low_percent: int = 80
    least_age: float = 120.0
    most_age: float = 0.0
