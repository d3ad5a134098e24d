"""GPUs that pods share: an extended resource in thousandths of a device, and the annotation that names a pod's devices.

Names and meaning are those of Alibaba's GPU sharing, whose trace is openb: a pod that asks for less than a device
has its share on one; whole devices are whole. The annotation lists device numbers, joined by hyphens, the
one with a share last: `0-3`.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resources import pod_needs

RESOURCE: Final = "alibabacloud.com/gpu-milli"
DEVICE: Final = 1000
"""Of the resource are one device."""
DEVICES: Final = "alibabacloud.com/gpu-index"
"""The annotation."""

Shares: TypeAlias = dict[int, int]
"""Device -> how much of it."""


def amount_for(pod: Pod) -> int:
    """How much of the resource a pod asks for."""
    return int(pod_needs(pod).extended.get(RESOURCE, 0))


def told(shares: Shares) -> dict[str, str]:
    """The annotation that says so; none for no shares."""
    if not shares:
        return {}
    devices = sorted(shares, key=lambda device: (shares[device] < DEVICE, device))
    return {DEVICES: "-".join(map(str, devices))}


def shares_of(annotations: Mapping[str, str], amount: int) -> Shares | None:
    """What a pod that asks for `amount` has, by its annotations; None: they do not say, or not in this form."""
    text = annotations.get(DEVICES)
    if text is None:
        return None
    whole, rest = divmod(amount, DEVICE)
    amounts = [DEVICE] * whole + ([rest] if rest else [])
    numbers = text.split("-")
    if len(numbers) != len(amounts) or not all(map(str.isdecimal, numbers)):
        return None
    return dict(zip(map(int, numbers), amounts, strict=True))
