"""Where a node is: region and zone, by its labels."""

from collections.abc import Mapping
from typing import Final

# The labels' names of today, and those that they had.
_REGION: Final = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_ZONE: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")


def zone_of(labels: Mapping[str, str]) -> tuple[str, str]:
    """The region and the zone of a node with these labels, each "" where they do not say it.

    Zones of one name in two regions are two.
    """
    region = next((labels[key] for key in _REGION if key in labels), "")
    return region, next((labels[key] for key in _ZONE if key in labels), "")
