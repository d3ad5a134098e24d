"""What a request takes of the capacity of a device that it may have beside others."""

from collections.abc import Mapping
from fractions import Fraction

from tests.scheduler.oracle.quantities import parsed
from tests.scheduler.oracle.world import Manifest

Amounts = Mapping[str, Fraction]


def amounts(device: Manifest, wanted: Manifest) -> Amounts | None:
    """By the names of its capacities; None: the device does not give what is asked."""
    asked = (wanted.get("capacity") or {}).get("requests") or {}
    capacities = device.get("capacity") or {}
    if not asked.keys() <= capacities.keys():
        return None
    found = {}
    for name, capacity in capacities.items():
        amount = _amount(capacity, asked.get(name))
        if amount is None or amount > parsed(capacity["value"]):
            return None
        found[name] = amount
    return found


def _amount(capacity: Manifest, asked: str | None) -> Fraction | None:
    """What is taken is the least that the policy gives out and is enough."""
    policy = capacity.get("requestPolicy") or {}
    if asked is None:
        return parsed(policy.get("default") or capacity["value"])
    amount = parsed(asked)
    if "validValues" in policy:
        return min((v for v in map(parsed, policy["validValues"]) if v >= amount), default=None)
    if "validRange" in policy:
        return _within(policy["validRange"], amount)
    return amount


def _within(valid: Manifest, amount: Fraction) -> Fraction | None:
    found = least = parsed(valid["min"])
    if "step" in valid:
        while found < amount:
            found += parsed(valid["step"])
    else:
        found = max(least, amount)
    return None if "max" in valid and found > parsed(valid["max"]) else found
