"""InterPodAffinity: near some pods, away from others; and what these say of the pod."""

from collections.abc import Iterator, Mapping, Sequence

from tests.scheduler.oracle.selectors import matches
from tests.scheduler.oracle.world import Manifest, Refused, World, labels_of, namespace_of

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


class InterPodAffinity:
    """With the arguments of the plugin."""

    def __init__(self, args: Manifest | None = None) -> None:
        args = args or {}
        self._hard_weight = args.get("hardPodAffinityWeight", 1)
        self._ignores_existing = args.get("ignorePreferredTermsOfExistingPods", False)

    def skips(self, world: World, pod: Manifest) -> bool:
        """Whether nothing is to be filtered, as it is seen before any node is looked at."""
        return (
            not _terms(pod, "podAffinity")
            and not _terms(pod, "podAntiAffinity")
            and not any(
                _wants(world, term, each.pod, pod)
                and term["topologyKey"] in world.labels(each.node)
                for each in world.placed
                for term in _terms(each.pod, "podAntiAffinity")
            )
        )

    def filter(self, world: World, pod: Manifest, node: str) -> Refused | None:
        """Beside all that it needs, and beside nothing that it or others forbid."""
        if not _near(world, pod, node):
            return Refused(("node(s) didn't match pod affinity rules",), hopeless=True)
        for term in _terms(pod, "podAntiAffinity"):
            for other in _neighbours(world, node, term["topologyKey"]):
                if _wants(world, term, pod, other, incoming=True):
                    return Refused(("node(s) didn't match pod anti-affinity rules",))
        for place in world.placed:
            for term in _terms(place.pod, "podAntiAffinity"):
                if _same_domain(world, term, place.node, node) and _wants(
                    world, term, place.pod, pod
                ):
                    return Refused(("node(s) didn't satisfy existing pods anti-affinity rules",))
        return None

    def score(self, world: World, pod: Manifest, nodes: Sequence[str]) -> Mapping[str, int]:
        """Weights of what the pod prefers of others, and of what others prefer of it, or demand."""
        own = [*_preferred(pod, "podAffinity", 1), *_preferred(pod, "podAntiAffinity", -1)]
        if self._ignores_existing and not own:
            return {}
        totals = dict.fromkeys(nodes, 0)
        for place in world.placed:
            theirs = [
                *_preferred(place.pod, "podAffinity", 1),
                *_preferred(place.pod, "podAntiAffinity", -1),
                *((self._hard_weight, term) for term in _terms(place.pod, "podAffinity")),
            ]
            wanted = [
                (weight, t) for weight, t in own if _wants(world, t, pod, place.pod, incoming=True)
            ]
            wanted += [(weight, t) for weight, t in theirs if _wants(world, t, place.pod, pod)]
            for weight, term in wanted:
                for node in nodes:
                    totals[node] += weight * _same_domain(world, term, place.node, node)
        least, most = min(totals.values(), default=0), max(totals.values(), default=0)
        if least == most:
            return {}
        return {n: int(100 * ((total - least) / (most - least))) for n, total in totals.items()}


def _near(world: World, pod: Manifest, node: str) -> bool:
    """Each term has, in the node's domain, a pod that all terms like; or the pod is the first of its kind."""
    terms = _terms(pod, "podAffinity")
    if any(term["topologyKey"] not in world.labels(node) for term in terms):
        return False
    liked = [
        place
        for place in world.placed
        if all(_wants(world, t, pod, place.pod, incoming=True) for t in terms)
    ]
    if all(any(_same_domain(world, t, place.node, node) for place in liked) for t in terms):
        return True
    somewhere = any(t["topologyKey"] in world.labels(place.node) for place in liked for t in terms)
    return not somewhere and all(_wants(world, term, pod, pod, incoming=True) for term in terms)


def _wants(
    world: World, term: Manifest, who: Manifest, whom: Manifest, *, incoming: bool = False
) -> bool:
    """Whether a term of one pod is about another.

    A selector of namespaces of an `incoming` pod takes in all of them if it fits one without labels.
    """
    selector = term.get("namespaceSelector")
    names = term.get("namespaces") or ()
    if not names and selector is None:
        names = (namespace_of(who),)
    its = namespace_of(whom)
    if (
        its not in names
        and not matches(selector, world.namespaces[its])
        and not (incoming and matches(selector, {}))
    ):
        return False
    wanted = term.get("labelSelector")
    return matches(wanted, labels_of(whom)) and all(
        _key_fits(key, operator, labels_of(who), labels_of(whom))
        for operator in ("matchLabelKeys", "mismatchLabelKeys")
        for key in term.get(operator) or ()
    )


def _key_fits(key: str, operator: str, own: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Keys that the pod itself has not say nothing."""
    if key not in own:
        return True
    return (theirs.get(key) == own[key]) == (operator == "matchLabelKeys")


def _neighbours(world: World, node: str, key: str) -> Iterator[Manifest]:
    """The pods of a node's domain."""
    term = {"topologyKey": key}
    return (each.pod for each in world.placed if _same_domain(world, term, each.node, node))


def _same_domain(world: World, term: Manifest, one: str, other: str) -> bool:
    value = world.labels(one).get(term["topologyKey"])
    return value is not None and value == world.labels(other).get(term["topologyKey"])


def _terms(pod: Manifest, kind: str) -> Sequence[Manifest]:
    """What a pod demands."""
    affinity = (pod["spec"].get("affinity") or {}).get(kind) or {}
    found: Sequence[Manifest] = affinity.get(_REQUIRED) or ()
    return found


def _preferred(pod: Manifest, kind: str, sign: int) -> list[tuple[int, Manifest]]:
    affinity = (pod["spec"].get("affinity") or {}).get(kind) or {}
    return [
        (sign * each["weight"], each["podAffinityTerm"]) for each in affinity.get(_PREFERRED) or ()
    ]
