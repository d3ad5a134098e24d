"""What pods ask for, in whole numbers: thousandths of a CPU, bytes, pieces."""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import ceil
from typing import Final

from tests.scheduler.oracle.world import Manifest

Amounts = dict[str, Fraction]

_UNITS: Final = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{unit: Fraction(1000**n) for n, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Fraction(1024**n) for n, unit in enumerate("KMGTPE", 1)},
}
# What a container that asks for none is taken to ask for where nodes are scored by what is asked of them.
_AT_LEAST: Final = {"cpu": Fraction(1, 10), "memory": Fraction(200 * 1024**2)}


def parsed(text: str | int) -> Fraction:
    """A quantity as a number."""
    text = str(text)
    number = text.rstrip("numkKMGTPEi")
    return Fraction(number) * _UNITS[text[len(number) :]]


def whole(resource: str, amount: Fraction) -> int:
    """As it is counted, rounded up."""
    return ceil(amount * 1000) if resource == "cpu" else ceil(amount)


def offered(node: Manifest) -> dict[str, int]:
    """What a node has for pods."""
    allocatable = node["status"].get("allocatable") or {}
    return {name: whole(name, parsed(text)) for name, text in allocatable.items()}


def asked(pod: Manifest, *, of_scores: bool = False) -> dict[str, int]:
    """What a pod takes of its node.

    `of_scores`: as NodeResourcesFit scores it, which counts something for containers that ask for nothing, and not
    what is asked for all of them together.
    """
    amounts = _requests(pod, _AT_LEAST, together=False) if of_scores else _requests(pod, {})
    return {name: whole(name, amount) for name, amount in amounts.items()}


def used(pods: Iterable[Manifest], *, of_scores: bool = False) -> dict[str, int]:
    """What some pods take together.

    Of a placed pod that asks for all its containers together, these count only for what it does not ask for.
    """
    total: dict[str, int] = {}
    for pod in pods:
        at_least: Amounts = dict(_AT_LEAST) if of_scores else {}
        if _of_the_pod(pod):
            wanted = _requests(pod, {})
            at_least = {name: amount for name, amount in at_least.items() if name not in wanted}
        for name, amount in _requests(pod, at_least).items():
            total[name] = total.get(name, 0) + whole(name, amount)
    return total


def _requests(pod: Manifest, at_least: Amounts, *, together: bool = True) -> Amounts:
    """Containers run together; before them each init container, beside the sidecars that began before it."""
    spec, status = pod["spec"], pod.get("status") or {}
    statuses = {
        each["name"]: each
        for key in ("containerStatuses", "initContainerStatuses")
        for each in status.get(key) or ()
    }

    def of(container: Manifest, *, resizable: bool = True) -> Amounts:
        requests = _read((container.get("resources") or {}).get("requests"))
        found = statuses.get(container["name"])
        if resizable and found is not None and "resources" in found:
            requests = _effective(pod, requests, found)
        return {**at_least, **requests}

    total: Amounts = {}
    for container in spec["containers"]:
        total = _joined(total, of(container), _sum)
    sidecars: Amounts = {}
    highest: Amounts = {}
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            total = _joined(total, of(container), _sum)
            sidecars = _joined(sidecars, of(container), _sum)
            highest = _joined(highest, sidecars, max)
        else:
            alone = of(container, resizable=False)
            highest = _joined(highest, _joined(sidecars, alone, _sum), max)
    total = _joined(total, highest, max)
    if together:
        total |= _of_the_pod(pod)
    return _joined(total, _read(spec.get("overhead")), _sum)


def _of_the_pod(pod: Manifest) -> Amounts:
    """What is asked for all containers together, which counts in place of their own."""
    own = _read((pod["spec"].get("resources") or {}).get("requests"))
    own = {n: a for n, a in own.items() if n in ("cpu", "memory") or n.startswith("hugepages-")}
    status = pod.get("status") or {}
    if own and "resources" in status:
        found = _effective(pod, own, status)
        own = {name: found.get(name, Fraction(0)) for name in own}
    return own


def _effective(pod: Manifest, wanted: Amounts, status: Manifest) -> Amounts:
    """While a pod is resized: the most of what it wants, was promised and has; unless it cannot have it."""
    has = _read((status["resources"] or {}).get("requests"))
    promised = _read(status.get("allocatedResources"))
    found = _joined(has, promised, max)
    conditions = (pod.get("status") or {}).get("conditions") or ()
    pending: Manifest = next((c for c in conditions if c["type"] == "PodResizePending"), {})
    return found if pending.get("reason") == "Infeasible" else _joined(found, wanted, max)


def _read(given: Mapping[str, str] | None) -> Amounts:
    return {name: parsed(text) for name, text in (given or {}).items()}


def _sum(one: Fraction, other: Fraction) -> Fraction:
    return one + other


def _joined(one: Amounts, other: Amounts, by: Callable[[Fraction, Fraction], Fraction]) -> Amounts:
    both = {**one, **other}
    return {name: by(one.get(name, Fraction(0)), other.get(name, Fraction(0))) for name in both}
