"""Properties of defaulting on specs that nobody thought of."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import Pod
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.kinds import kind_of
from orchestrator.apiserver.kinds.defaulting import apply_defaults

QUANTITIES = st.sampled_from(["100m", "0.1", "1024Mi", "1e3", 2, 0.25])
RESOURCES = st.fixed_dictionaries(
    {},
    optional={
        "limits": st.dictionaries(st.sampled_from(["cpu", "memory"]), QUANTITIES),
        "requests": st.dictionaries(st.sampled_from(["cpu", "memory"]), QUANTITIES),
    },
)
PROBES = st.fixed_dictionaries(
    {},
    optional={
        "httpGet": st.just({"port": 80}),
        "grpc": st.just({"port": 80}),
        "timeoutSeconds": st.integers(0, 3),
        "periodSeconds": st.integers(0, 3),
    },
)
CONTAINERS = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")},
    optional={
        "image": st.sampled_from(["a", "a:1", "a@sha256:0"]),
        "ports": st.lists(st.just({"containerPort": 80}), max_size=2),
        "livenessProbe": PROBES,
        "resources": RESOURCES,
        "restartPolicy": st.just("Always"),
    },
)
VOLUMES = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")},
    optional={
        "secret": st.just({"secretName": "a"}),
        "emptyDir": st.just({}),
        "projected": st.just({"sources": [{"serviceAccountToken": {"path": "t"}}]}),
    },
)
SPECS = st.fixed_dictionaries(
    {"containers": st.lists(CONTAINERS, max_size=2)},
    optional={
        "initContainers": st.lists(CONTAINERS, max_size=2),
        "volumes": st.lists(VOLUMES, max_size=2),
        "hostNetwork": st.booleans(),
        "restartPolicy": st.sampled_from(["Never", "Always"]),
        "serviceAccount": st.just("robot"),
        "resources": RESOURCES,
    },
)


@given(SPECS)
def test_defaulting_twice_is_defaulting_once(spec: dict[str, Any]) -> None:
    """The second time changes nothing, not even the object's identity."""
    resource = resource_of(Pod)
    once = apply_defaults(
        kind_of(resource), from_dict({"metadata": {"name": "p"}, "spec": spec}, Pod)
    )
    assert apply_defaults(kind_of(resource), once) is once
