"""What control groups are told of a container's resources: shares or weight, quota, memory.

Both versions of control groups are spoken to: each has files of its own, and no file is in both.
"""

from collections.abc import Mapping
from math import ceil, log2
from typing import Final

from orchestrator.api.core.v1 import ResourceRequirements
from orchestrator.machinery.quantities import milli, value

PERIOD: Final = 100_000  # microseconds in which a limit of CPU is counted
_LEAST_QUOTA: Final = 1_000
_SHARES: Final = 1024  # of one CPU
_LEAST_SHARES, _MOST_SHARES = 2, 262_144
_NONE: Final = ResourceRequirements()


def version_1(resources: ResourceRequirements | None) -> Mapping[str, str]:
    """The files of version 1, by name. What has no limit is told so: it may have had one."""
    quota, memory = _limits(resources)
    return {
        "cpu.shares": str(_shares(resources)),
        "cpu.cfs_period_us": str(PERIOD),
        "cpu.cfs_quota_us": str(quota or -1),
        "memory.limit_in_bytes": str(memory or -1),
    }


def version_2(resources: ResourceRequirements | None) -> Mapping[str, str]:
    """The files of version 2, by name; as `version_1`."""
    quota, memory = _limits(resources)
    return {
        "cpu.weight": str(_weight(_shares(resources))),
        "cpu.max": f"{quota or 'max'} {PERIOD}",
        "memory.max": str(memory or "max"),
    }


def _limits(resources: ResourceRequirements | None) -> tuple[int, int]:
    """Quota in microseconds and memory in bytes; 0: as much as there is."""
    limits = (resources or _NONE).limits
    cpu = milli(limits.get("cpu", 0))
    quota = max(_LEAST_QUOTA, cpu * PERIOD // 1000) if cpu else 0
    return quota, value(limits.get("memory", 0))


def _shares(resources: ResourceRequirements | None) -> int:
    """By what is asked for; by the limit, where nothing is asked for."""
    limits, requests = (resources or _NONE).limits, (resources or _NONE).requests
    cpu = milli(requests["cpu"]) if "cpu" in requests else milli(limits.get("cpu", 0))
    return min(max(cpu * _SHARES // 1000, _LEAST_SHARES), _MOST_SHARES)


def _weight(shares: int) -> int:
    """The weight that runc makes of shares."""
    exponent = (log2(shares) ** 2 + 125 * log2(shares)) / 612.0 - 7.0 / 34.0
    return ceil(10**exponent)
