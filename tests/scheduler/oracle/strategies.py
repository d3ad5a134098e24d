"""Random worlds: nodes, pods that have one, and pods that want one, with what a feature is about.

Few names and values, so that selectors hit, domains fill and ports collide.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.scheduler.oracle.spread import HOST, ZONE
from tests.scheduler.oracle.world import Manifest, Placed, World

NAMESPACES: Final[dict[str, Mapping[str, str]]] = {"a": {"team": "x"}, "b": {"team": "y"}, "c": {}}
_APPS: Final = ("web", "db")
_OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")

Fields = SearchStrategy[dict[str, Any]]


class Feature(NamedTuple):
    """What nodes and pods say besides what all of them say, and what else there is."""

    node: Fields = st.just({})
    pod: Fields = st.just({})
    objects: SearchStrategy[dict[str, list[Manifest]]] = st.just({})
    arguments: Fields = st.just({})  # those of plugins, by their names
    namespaces: tuple[str, ...] = ("a",)
    priorities: tuple[int, ...] = (0,)
    crowd: int = 2  # how many pods there are at least
    lead: int = 0  # by how much those that come are more important
    promises: bool = False  # whether nodes may be promised to pods


def some(*options: Any, often: int = 1) -> SearchStrategy[Any]:
    """One of the options, or `often` times as likely nothing."""
    return st.sampled_from([*options, *([None] * often * len(options))])


def fields(**given: SearchStrategy[Any]) -> Fields:
    """A mapping without those that are None."""
    return st.fixed_dictionaries(given).map(_present)


def joined(*parts: Fields) -> Fields:
    """Mappings made one, and those within them that stand under the same key."""
    return st.tuples(*parts).map(_merged)


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(found.get(key), dict)
            found[key] = {**found[key], **value} if both else value
    return found


def _present(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}


def up_to(most: int, each: SearchStrategy[Any], least: int = 0) -> SearchStrategy[list[Any]]:
    """A short list."""
    return st.lists(each, min_size=least, max_size=most)


# --- what all have ---------------------------------------------------------------------------------

_LABELS = fields(app=st.sampled_from(_APPS), color=some("red", "blue"), rev=some("1", "2"))
_OFFERS = fields(
    cpu=st.sampled_from(["2", "4", "3500m"]),
    memory=st.sampled_from(["4Gi", "8Gi", "7900Mi"]),
    pods=st.sampled_from(["110", "110", "3"]),
)
_NODE = st.fixed_dictionaries(
    {
        "labels": fields(
            **{
                ZONE: some("z1", "z2", "z3", often=0),
                "disk": some("ssd", "hdd"),
                "n": some("1", "3"),
            }
        ),
        "offers": _OFFERS,
    }
)
_REQUESTS = fields(cpu=some("100m", "500m", "1"), memory=some("128Mi", "1Gi", "2Gi"))


@st.composite
def worlds(draw: DrawFn, feature: Feature) -> tuple[World, list[Manifest]]:
    """A world, and the pods that come one after another."""
    nodes = [
        _node(number, *parts)
        for number, parts in enumerate(draw(up_to(6, st.tuples(_NODE, feature.node), 2)))
    ]
    names = [node["metadata"]["name"] for node in nodes]
    pods = st.tuples(
        _LABELS,
        _REQUESTS,
        st.sampled_from(feature.namespaces),
        st.sampled_from(feature.priorities),
        feature.pod,
    )
    placed = [
        Placed(_pod(f"b{number}", number, *parts), node)
        for number, (node, parts) in enumerate(
            draw(up_to(9, st.tuples(st.sampled_from(names), pods), feature.crowd))
        )
    ]
    pending = [
        _pod(f"p{number}", None, labels, requests, namespace, priority + feature.lead, more)
        for number, (labels, requests, namespace, priority, more) in enumerate(
            draw(up_to(4, pods, 1))
        )
    ]
    promised = [
        Placed(_pod(f"q{number}", None, *parts), node)
        for number, (node, parts) in enumerate(
            draw(up_to(2 * feature.promises, st.tuples(st.sampled_from(names), pods)))
        )
    ]
    by_name: dict[str, Manifest] = {node["metadata"]["name"]: node for node in nodes}
    return World(by_name, placed, promised, draw(feature.objects), NAMESPACES), pending


def _node(number: int, given: Mapping[str, Any], more: Mapping[str, Any]) -> Manifest:
    name = f"n{number}"
    labels = {HOST: name, **given["labels"], **more.get("labels", {})}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": dict(more.get("spec", {})),
        "status": {
            "allocatable": {**given["offers"], **more.get("offers", {})},
            **more.get("status", {}),
        },
    }


def _pod(
    name: str,
    began: int | None,
    labels: Mapping[str, str],
    requests: Mapping[str, str],
    namespace: str,
    priority: int,
    more: Mapping[str, Any],
) -> Manifest:
    container = {"name": "c", "image": "i:1", "resources": {"requests": requests}}
    spec = {**more, "priority": priority}
    spec["containers"] = [{**container, **spec.get("_container", {})}, *spec.get("_beside", ())]
    status = {} if began is None else {"startTime": f"2026-01-01T00:00:{began // 2:02}Z"}
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": name,
            "labels": labels,
            **spec.get("_metadata", {}),
        },
        "spec": {key: value for key, value in spec.items() if not key.startswith("_")},
        "status": status,
    }


# --- nodes and what they offer ---------------------------------------------------------------------

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_TAINT = fields(key=st.sampled_from("tu"), value=some("1", "2"), effect=st.sampled_from(_EFFECTS))
_TOLERATION = st.one_of(
    fields(key=some("t", "u", often=0), operator=st.just("Exists"), effect=some(*_EFFECTS)),
    fields(key=st.sampled_from("tu"), value=some("1", "2"), effect=some(*_EFFECTS)),
    st.just({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}),
)
_FEATURES = ("RestartAllContainersOnContainerExits", "UserNamespacesHostNetworkSupport")
_RESTARTS = {
    "restartPolicy": "Never",
    "restartPolicyRules": [
        {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [5]}}
    ],
}

TAINTS = Feature(
    node=st.fixed_dictionaries(
        {
            "spec": fields(taints=up_to(2, _TAINT), unschedulable=some(True, often=4)),
            "status": fields(declaredFeatures=up_to(2, st.sampled_from(_FEATURES))),
        }
    ),
    pod=joined(
        fields(tolerations=up_to(2, _TOLERATION)),
        st.sampled_from(
            [{}, {}, {"_container": _RESTARTS}, {"hostNetwork": True, "hostUsers": False}]
        ),
    ),
)

_GPU = "example.com/gpu"
_HUGE = "hugepages-2Mi"
_IMAGES = tuple(
    {"names": [f"reg/{name}", f"reg/{name}@sha256:0"], "sizeBytes": size * 1024**2}
    for name, size in (("i:1", 300), ("j:latest", 900), ("k:2", 40))
)
_MORE = st.sampled_from([{}, {}, {_GPU: "1"}, {_HUGE: "64Mi"}, {"ephemeral-storage": "1Gi"}])


@st.composite
def _containers(draw: DrawFn) -> dict[str, Any]:
    """Containers beside one another and before one another, with requests of all kinds."""

    def container(name: str) -> dict[str, Any]:
        requests = {**draw(_REQUESTS), **draw(_MORE)}
        image = draw(st.sampled_from(["reg/i:1", "reg/j", "reg/k:2", "x"]))
        return {"name": name, "image": image, "resources": {"requests": requests}}

    spec: dict[str, Any] = {"_container": container("c")}
    if draw(some(True, often=2)):
        spec["_beside"] = [container("d")]
    first = [container(f"i{n}") for n in range(draw(st.integers(0, 2)))]
    spec["initContainers"] = [
        {**each, "restartPolicy": "Always"} if draw(some(True)) else each for each in first
    ]
    if draw(some(True, often=3)):
        spec["overhead"] = {"cpu": "250m", "memory": "120Mi"}
    if draw(some(True, often=3)):
        spec["resources"] = {"requests": draw(fields(cpu=some("2", "3"), memory=some("3Gi")))}
    return spec


def _strategy(name: str, **weights: int) -> Manifest:
    """A way to score resources."""
    found: dict[str, Any] = {
        "type": name,
        "resources": [{"name": resource, "weight": w} for resource, w in weights.items()],
    }
    if name == "RequestedToCapacityRatio":
        points = ((0, 0), (40, 10), (100, 3))
        shape = [{"utilization": at, "score": score} for at, score in points]
        found["requestedToCapacityRatio"] = {"shape": shape}
    return {"scoringStrategy": found}


RESOURCES = Feature(
    node=st.fixed_dictionaries(
        {
            "offers": fields(
                **{_GPU: some("1", "2"), _HUGE: some("64Mi"), "ephemeral-storage": some("2Gi")}
            ),
            "status": fields(images=up_to(2, st.sampled_from(_IMAGES))),
        }
    ),
    pod=_containers(),
    arguments=fields(
        NodeResourcesFit=some(
            _strategy("LeastAllocated", cpu=3, memory=1),
            _strategy("MostAllocated", cpu=1, memory=1, **{_GPU: 5}),
            _strategy("RequestedToCapacityRatio", cpu=2, memory=1, **{_GPU: 1}),
            {"ignoredResources": [_GPU]},
            {"ignoredResourceGroups": ["example.com"]},
        ),
        NodeResourcesBalancedAllocation=some(
            {"resources": [{"name": name, "weight": 1} for name in ("cpu", "memory", _GPU)]}
        ),
    ),
)

_PORT = fields(
    containerPort=st.just(1),
    hostPort=st.just(80),
    protocol=some("UDP", "TCP"),
    hostIP=some("127.0.0.1", "10.0.0.1", "0.0.0.0"),
)
PORTS = Feature(
    pod=st.fixed_dictionaries({"_container": fields(ports=up_to(2, _PORT, 1))}), crowd=6
)

# --- affinity and spreading ------------------------------------------------------------------------


def _requirements(**values: Iterable[str]) -> Fields:
    """One requirement about one of some labels."""
    return st.sampled_from(
        [
            {"key": key, "operator": operator}
            | ({"values": [value]} if operator in ("In", "NotIn") else {})
            for key, some_values in values.items()
            for operator in _OPERATORS
            for value in some_values
        ]
    )


_OF_PODS = _requirements(app=_APPS, color=("red",), rev=("1",))
_SELECTOR = st.one_of(
    st.sampled_from([{"matchLabels": {"app": app}} for app in _APPS]),
    st.builds(lambda some_: {"matchExpressions": some_}, up_to(2, _OF_PODS, 1)),
    st.sampled_from([{}, None]),
)
_OF_NODES = st.one_of(
    _requirements(**{ZONE: ("z1", "z2"), "disk": ("ssd",)}),
    st.sampled_from([{"key": "n", "operator": each, "values": ["2"]} for each in ("Gt", "Lt")]),
)
_NAMED = st.sampled_from(
    [
        [{"key": "metadata.name", "operator": operator, "values": [name]}]
        for operator in ("In", "NotIn")
        for name in ("n0", "n1")
    ]
)
_NODE_TERM = fields(matchExpressions=up_to(2, _OF_NODES), matchFields=st.none() | _NAMED)
_WEIGHTS = st.sampled_from([1, 7, 50])


def _affinity(required: SearchStrategy[Any], preferred: SearchStrategy[Any]) -> Fields:
    return fields(
        requiredDuringSchedulingIgnoredDuringExecution=st.none() | required,
        preferredDuringSchedulingIgnoredDuringExecution=up_to(2, preferred),
    )


NODE_AFFINITIES = _affinity(
    up_to(2, _NODE_TERM, 1).map(lambda terms: {"nodeSelectorTerms": terms}),
    fields(weight=_WEIGHTS, preference=_NODE_TERM),
)
NODES = Feature(
    pod=fields(
        affinity=NODE_AFFINITIES.map(lambda affinity: {"nodeAffinity": affinity}),
        nodeSelector=some({"disk": "ssd"}, {ZONE: "z1"}, often=2),
    ),
    arguments=fields(NodeAffinity=st.none() | fields(addedAffinity=NODE_AFFINITIES.filter(bool))),
)

_POD_TERM = fields(
    labelSelector=_SELECTOR,
    topologyKey=st.sampled_from([HOST, ZONE, ZONE, "disk"]),
    namespaces=some(["a"], ["b", "c"]),
    namespaceSelector=some(
        {},
        {"matchLabels": {"team": "x"}},
        {"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]},
    ),
    matchLabelKeys=some(["rev"], often=3),
    mismatchLabelKeys=some(["color"], often=3),
)
_POD_AFFINITY = _affinity(
    up_to(2, _POD_TERM, 1), fields(weight=_WEIGHTS, podAffinityTerm=_POD_TERM)
)
PODS = Feature(
    pod=fields(
        affinity=st.none()
        | fields(podAffinity=st.none() | _POD_AFFINITY, podAntiAffinity=st.none() | _POD_AFFINITY)
    ),
    arguments=fields(
        InterPodAffinity=some(
            {"hardPodAffinityWeight": 0},
            {"hardPodAffinityWeight": 40, "ignorePreferredTermsOfExistingPods": True},
        )
    ),
    namespaces=("a", "a", "b", "c"),
)

_POLICIES = some("Honor", "Ignore")
_CONSTRAINT = fields(
    maxSkew=st.sampled_from([1, 2]),
    topologyKey=st.sampled_from([HOST, ZONE, ZONE, "disk"]),
    whenUnsatisfiable=st.sampled_from(["DoNotSchedule", "ScheduleAnyway"]),
    labelSelector=_SELECTOR,
    nodeAffinityPolicy=_POLICIES,
    nodeTaintsPolicy=_POLICIES,
    matchLabelKeys=some(["rev"], ["none"], often=3),
)


def _with_least(constraint: dict[str, Any], least: int | None) -> dict[str, Any]:
    if least is None or constraint["whenUnsatisfiable"] != "DoNotSchedule":
        return constraint
    return {**constraint, "minDomains": least}


_CONSTRAINTS = up_to(2, st.builds(_with_least, _CONSTRAINT, some(1, 2, 4)))
_OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "rs", "uid": "rs"}
_DEFAULTS: Manifest = {
    "defaultingType": "List",
    "defaultConstraints": [
        {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"},
        {"maxSkew": 2, "topologyKey": "disk", "whenUnsatisfiable": "ScheduleAnyway"},
    ],
}
_SERVICES: SearchStrategy[list[Manifest]] = st.sampled_from(
    [
        [],
        [
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "s", "namespace": "a"},
                "spec": {"selector": {"app": "web"}},
            }
        ],
    ]
)
_REPLICA_SET: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"name": "rs", "namespace": "a"},
    "spec": {
        "selector": {
            "matchLabels": {"color": "red"},
            "matchExpressions": [{"key": "rev", "operator": "Exists"}],
        }
    },
}


def _with_replica_set(services: list[Manifest]) -> dict[str, list[Manifest]]:
    return {"Service": services, "ReplicaSet": [_REPLICA_SET]}


SPREAD = Feature(
    node=TAINTS.node,
    pod=joined(
        NODES.pod,
        fields(
            topologySpreadConstraints=_CONSTRAINTS,
            tolerations=up_to(1, _TOLERATION),
            _metadata=some({"ownerReferences": [{**_OWNER, "controller": True}]}),
        ),
    ),
    objects=_SERVICES.map(_with_replica_set),
    arguments=fields(PodTopologySpread=some(_DEFAULTS, {"defaultingType": "List"})),
    namespaces=("a", "a", "a", "b"),
)

# --- making room -----------------------------------------------------------------------------------

_BUDGET = st.builds(
    lambda name, selector, allowed, disrupted: {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "a"},
        "spec": _present({"selector": selector}),
        "status": {
            "disruptionsAllowed": allowed,
            "disruptedPods": dict.fromkeys(disrupted, "2026-01-01T00:00:00Z"),
        },
    },
    st.sampled_from(["one", "two"]),
    _SELECTOR,
    st.sampled_from([0, 0, 1]),
    up_to(1, st.sampled_from(["b0", "b1"])),
)
_LARGE = fields(cpu=st.sampled_from(["1", "1500m", "2"]), memory=some("1Gi", "3Gi"))
_FOR_ROOM = fields(
    _container=_LARGE.map(lambda requests: {"resources": {"requests": requests}}),
    preemptionPolicy=some("Never", often=5),
)
ROOM = Feature(
    node=st.just({"offers": {"cpu": "3"}}),
    pod=_FOR_ROOM,
    objects=up_to(2, _BUDGET, 1).map(
        lambda found: {
            "PodDisruptionBudget": list({b["metadata"]["name"]: b for b in found}.values())
        }
    ),
    namespaces=("a", "a", "a", "b"),
    priorities=(-5, 0, 0, 10, 100),
    crowd=7,
    lead=20,
    promises=True,
)
# Spreading by a selector that selects all is left out: kube-scheduler counts nobody by it, but subtracts who goes.
EVERYTHING = Feature(
    pod=joined(
        _FOR_ROOM, PODS.pod, NODES.pod, PORTS.pod, fields(tolerations=up_to(1, _TOLERATION))
    ),
    node=TAINTS.node,
    objects=ROOM.objects,
    namespaces=("a", "a", "b"),
    priorities=ROOM.priorities,
    crowd=7,
    lead=20,
    promises=True,
)
