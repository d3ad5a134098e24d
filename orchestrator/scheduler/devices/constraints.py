"""Constraints of a claim: devices of several requests whose attribute is one, or is different."""

from typing import TypeAlias

from orchestrator.api.resource.v1 import Device, DeviceAttribute, DeviceConstraint

Value: TypeAlias = tuple[str, str | int | bool]


def attribute_of(device: Device, driver: str, name: str) -> Value | None:
    """The value of an attribute, with its type; a name in the driver's domain may stand without it."""
    found = device.attributes.get(name)
    if found is None:
        domain, slash, identifier = name.partition("/")
        if slash and domain == driver:
            found = device.attributes.get(identifier)
    return None if found is None else _typed(found)


def _typed(attribute: DeviceAttribute) -> Value | None:
    if attribute.string is not None:
        return "string", attribute.string
    if attribute.int_ is not None:
        return "int", attribute.int_
    if attribute.bool_ is not None:
        return "bool", attribute.bool_
    if attribute.version is not None:
        return "version", attribute.version
    return None


class Constraint:
    """One constraint while devices come and go. `name` is the request's, `sub_name` the subrequest's."""

    def __init__(self, constraint: DeviceConstraint) -> None:
        self._requests = frozenset(constraint.requests)

    def concerns(self, name: str, sub_name: str) -> bool:
        """Whether the constraint is about a request."""
        if not self._requests or name in self._requests:
            return True
        return bool(sub_name) and f"{name}/{sub_name}" in self._requests

    def add(self, name: str, sub_name: str, driver: str, device: Device) -> bool:
        """Take a device for a request, if the constraint allows it."""
        raise NotImplementedError

    def remove(self, name: str, sub_name: str) -> None:
        """Give back the device that was taken last for a request."""
        raise NotImplementedError


class MatchAttribute(Constraint):
    """All devices have one value of an attribute."""

    def __init__(self, constraint: DeviceConstraint) -> None:
        super().__init__(constraint)
        self._attribute = constraint.match_attribute or ""
        self._value: Value | None = None
        self._count = 0

    def add(self, name: str, sub_name: str, driver: str, device: Device) -> bool:
        """As `Constraint.add`."""
        if not self.concerns(name, sub_name):
            return True
        value = attribute_of(device, driver, self._attribute)
        if value is None or (self._count and value != self._value):
            return False
        self._value = value
        self._count += 1
        return True

    def remove(self, name: str, sub_name: str) -> None:
        """As `Constraint.remove`."""
        if self.concerns(name, sub_name):
            self._count -= 1


class DistinctAttribute(Constraint):
    """Each request's device has another value of an attribute."""

    def __init__(self, constraint: DeviceConstraint) -> None:
        super().__init__(constraint)
        self._attribute = constraint.distinct_attribute or ""
        self._values: dict[str, Value] = {}  # as in the original, the last one of each request
        self._count = 0

    def add(self, name: str, sub_name: str, driver: str, device: Device) -> bool:
        """As `Constraint.add`."""
        if not self.concerns(name, sub_name):
            return True
        value = attribute_of(device, driver, self._attribute)
        if value is None or (self._count and value in self._values.values()):
            return False
        self._values[name] = value
        self._count += 1
        return True

    def remove(self, name: str, sub_name: str) -> None:
        """As `Constraint.remove`."""
        if self.concerns(name, sub_name):
            self._values.pop(name, None)
            self._count -= 1


def constraint_of(constraint: DeviceConstraint) -> Constraint | None:
    """A constraint to work with; None for one that says nothing."""
    if constraint.match_attribute is not None:
        return MatchAttribute(constraint)
    if constraint.distinct_attribute is not None:
        return DistinctAttribute(constraint)
    return None
