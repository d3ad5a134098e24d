"""The nftables plane: services in the kernel's packet filter, as kube-proxy's mode of this name.

`ruleset.py` is a set of rules as plain data, and the difference of two as one transaction; `rendering.py` makes
the rules of a table; `plane.py` brings them into the kernel.
"""

from orchestrator.proxy.planes.nftables.plane import NftablesPlane
from orchestrator.proxy.planes.nftables.rendering import Surroundings

__all__ = ["NftablesPlane", "Surroundings"]
