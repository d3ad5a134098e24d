"""NodeResourcesFit and NodeResourcesBalancedAllocation."""

from collections.abc import Mapping, Sequence
from math import sqrt

from tests.scheduler.oracle.quantities import asked, offered, used
from tests.scheduler.oracle.world import Manifest, Refused, World

_ALWAYS = ("cpu", "memory", "ephemeral-storage")
_BOTH: tuple[Mapping[str, object], ...] = (
    {"name": "cpu", "weight": 1},
    {"name": "memory", "weight": 1},
)


class Fit:
    """With the arguments of the plugin."""

    def __init__(self, args: Manifest | None = None) -> None:
        args = args or {}
        strategy = args.get("scoringStrategy") or {"type": "LeastAllocated"}
        self._ignored = set(args.get("ignoredResources") or ())
        self._ignored_groups = set(args.get("ignoredResourceGroups") or ())
        self._type = strategy["type"]
        self._resources = strategy.get("resources") or _BOTH
        self._shape = (strategy.get("requestedToCapacityRatio") or {}).get("shape") or ()

    def filter(self, world: World, pod: Manifest, node: str) -> Refused | None:
        """Everything that a pod asks for is to be free."""
        has, taken = offered(world.nodes[node]), used(world.pods_on(node))
        reasons, hopeless = [], False
        if sum(1 for _ in world.pods_on(node)) + 1 > has.get("pods", 0):
            reasons.append("Too many pods")
        for resource, amount in _in_order(asked(pod)):
            if not amount or self._ignores(resource):
                continue
            if amount > has.get(resource, 0) - taken.get(resource, 0):
                reasons.append(f"Insufficient {resource}")
                hopeless = hopeless or amount > has.get(resource, 0)
        return Refused(tuple(reasons), hopeless) if reasons else None

    def score(self, world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
        """How much of each resource is or stays free, as the strategy likes it."""
        return {node: self._of(world, pod, node) for node in nodes}

    def _of(self, world: World, pod: Manifest, node: str) -> int:
        has = offered(world.nodes[node])
        taken = used(world.pods_on(node), of_scores=True)
        wanted = asked(pod, of_scores=True)
        total = weights = 0
        for each in self._resources:
            resource, weight = str(each["name"]), int(str(each.get("weight") or 1))
            if not _counts(resource, wanted, has):
                continue
            score = self._one(taken.get(resource, 0) + wanted.get(resource, 0), has[resource])
            if score or self._type != "RequestedToCapacityRatio":
                total += score * weight
                weights += weight
        if not weights:
            return 0
        if self._type == "RequestedToCapacityRatio":
            return (2 * total + weights) // (2 * weights)
        return total // weights

    def _one(self, requested: int, capacity: int) -> int:
        if self._type == "LeastAllocated":
            return max(capacity - requested, 0) * 100 // capacity
        if self._type == "MostAllocated":
            return min(requested, capacity) * 100 // capacity
        return self._by_shape(100 if requested > capacity else requested * 100 // capacity)

    def _by_shape(self, utilization: int) -> int:
        """Straight lines between the points, whose scores are tenths."""
        points = [(each["utilization"], each["score"] * 10) for each in self._shape]
        before = points[0]
        for point in points:
            if utilization <= point[0]:
                if point is points[0]:
                    return int(point[1])
                run, rise = point[0] - before[0], point[1] - before[1]
                # Go cuts off towards zero.
                return int(before[1]) + int(rise * (utilization - before[0]) / run)
            before = point
        return int(points[-1][1])

    def _ignores(self, resource: str) -> bool:
        return resource in self._ignored or (
            "/" in resource and resource.split("/")[0] in self._ignored_groups
        )


class Balance:
    """NodeResourcesBalancedAllocation, with the resources of its arguments."""

    def __init__(self, args: Manifest | None = None) -> None:
        self._resources = [str(each["name"]) for each in (args or {}).get("resources") or _BOTH]

    def score(self, world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
        """How much better balanced a node is with the pod than without it."""
        wanted = asked(pod)
        if not any(wanted.get(resource) for resource in self._resources):
            return {}
        return {node: self._of(world, wanted, node) for node in nodes}

    def _of(self, world: World, wanted: Mapping[str, int], node: str) -> int:
        has, taken = offered(world.nodes[node]), used(world.pods_on(node))
        some = [resource for resource in self._resources if _counts(resource, wanted, has)]
        before = _balance([taken.get(r, 0) / has[r] for r in some])
        after = _balance([(taken.get(r, 0) + wanted.get(r, 0)) / has[r] for r in some])
        return 50 + int((50 + after - before) / 2)


def _counts(resource: str, wanted: Mapping[str, int], has: Mapping[str, int]) -> bool:
    """A node's resources count, but those of other kinds only where a pod asks for them."""
    return bool(has.get(resource)) and (resource in _ALWAYS or bool(wanted.get(resource)))


def _balance(fractions: Sequence[float]) -> int:
    """100 less the standard deviation, in percent."""
    fractions = [min(each, 1.0) for each in fractions]
    if len(fractions) < 2:
        deviation = 0.0
    elif len(fractions) == 2:
        deviation = abs(fractions[0] - fractions[1]) / 2
    else:
        mean = sum(fractions) / len(fractions)
        deviation = sqrt(sum((each - mean) ** 2 for each in fractions) / len(fractions))
    return int((1 - deviation) * 100)


def _in_order(amounts: Mapping[str, int]) -> list[tuple[str, int]]:
    first = [(resource, amounts[resource]) for resource in _ALWAYS if resource in amounts]
    return first + [(r, amount) for r, amount in amounts.items() if r not in _ALWAYS]
