"""Capacity of devices that several claims share: what a request takes of it. Amounts are nano units."""

from collections.abc import Mapping

from orchestrator.api.resource.v1 import CapacityRequestPolicy, CapacityRequestPolicyRange, Device
from orchestrator.api.scalars import Quantity
from orchestrator.machinery.quantities import NANO, format_nano, nano, value

Amounts = Mapping[str, int]


def fits(device: Device, wanted: Mapping[str, Quantity], taken: Amounts, taking: Amounts) -> bool:
    """Whether a device has room for a request beside what others have and what is being given away."""
    if any(name not in device.capacity for name in wanted):
        return False
    for name, capacity in device.capacity.items():
        amount = nano(consumed(device, name, wanted))
        if _violates(amount, capacity.request_policy):
            return False
        if amount + taken.get(name, 0) + taking.get(name, 0) > nano(capacity.value):
            return False
    return True


def all_consumed(device: Device, wanted: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """What a request takes of each capacity of a device."""
    return {name: consumed(device, name, wanted) for name in device.capacity}


def consumed(device: Device, name: str, wanted: Mapping[str, Quantity]) -> Quantity:
    """What a request takes of one capacity: as much as it asks, rounded up as the policy says.

    One that asks for nothing takes the policy's default, or all.
    """
    capacity = device.capacity[name]
    policy = capacity.request_policy
    if name not in wanted:
        default = policy.default if policy is not None else None
        return capacity.value if default is None else default
    amount = wanted[name]
    if policy is None:
        return amount
    if policy.valid_range is not None and policy.valid_range.min is not None:
        return _rounded(amount, policy.valid_range, policy.valid_range.min)
    return next((each for each in policy.valid_values if nano(each) >= nano(amount)), amount)


def _rounded(amount: Quantity, valid: CapacityRequestPolicyRange, least: Quantity) -> Quantity:
    if nano(amount) < nano(least):
        return least
    if valid.step is None:
        return amount
    start, step = value(least), value(valid.step)
    steps = -((start - value(amount)) // step)
    return format_nano((start + steps * step) * NANO, "binary")


def _violates(amount: int, policy: CapacityRequestPolicy | None) -> bool:
    if policy is None or (policy.default is not None and nano(policy.default) == amount):
        return False
    valid = policy.valid_range
    if valid is None:
        return bool(policy.valid_values) and amount not in map(nano, policy.valid_values)
    if valid.max is not None and amount > nano(valid.max):
        return True
    if valid.step is None:
        return False
    least = value(valid.min) if valid.min is not None else 0
    return (-(-amount // NANO) - least) % value(valid.step) != 0
