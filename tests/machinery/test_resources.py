"""What pods ask for, and their QoS class."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.core.v1 import Container, Pod, PodSpec, ResourceRequirements
from orchestrator.machinery import quantities, resources
from orchestrator.machinery.quantities import Quantity

MI = 2**20


def container(
    requests: Mapping[str, Quantity] | None = None,
    limits: Mapping[str, Quantity] | None = None,
    *,
    sidecar: bool = False,
) -> Container:
    """A container that asks for these."""
    return Container(
        name="c",
        resources=ResourceRequirements(requests=requests or {}, limits=limits or {}),
        restart_policy="Always" if sidecar else None,
    )


def pod(
    *containers: Container,
    init: tuple[Container, ...] = (),
    overhead: Mapping[str, Quantity] | None = None,
    level: ResourceRequirements | None = None,
) -> Pod:
    """A pod of these containers."""
    spec = PodSpec(
        containers=containers, init_containers=init, overhead=overhead or {}, resources=level
    )
    return Pod(spec=spec)


REQUESTS: dict[str, tuple[Pod, dict[str, str]]] = {
    "containers add up": (
        pod(container({"cpu": "500m", "memory": "64Mi"}), container({"cpu": 1, "x/gpu": 2})),
        {"cpu": "1500m", "memory": "64Mi", "x/gpu": "2"},
    ),
    "an init container counts if it takes more": (
        pod(container({"cpu": 1}), init=(container({"cpu": 3}), container({"memory": "1Gi"}))),
        {"cpu": "3", "memory": "1Gi"},
    ),
    "a small init container does not": (
        pod(container({"cpu": 2}), init=(container({"cpu": 1}),)),
        {"cpu": "2"},
    ),
    "a sidecar runs with the containers": (
        pod(container({"cpu": 1}), init=(container({"cpu": "200m"}, sidecar=True),)),
        {"cpu": "1200m"},
    ),
    "an init container starts beside the sidecars before it": (
        pod(
            container({"cpu": 1}),
            init=(
                container({"cpu": 1}, sidecar=True),
                container({"cpu": 4}),
                container({"cpu": 1}, sidecar=True),
            ),
        ),
        {"cpu": "5"},
    ),
    "sidecars after an init container do not": (
        pod(
            container({"cpu": 1}),
            init=(container({"cpu": 4}), container({"cpu": 2}, sidecar=True)),
        ),
        {"cpu": "4"},
    ),
    "overhead is added": (
        pod(container({"cpu": 1}), overhead={"cpu": "250m", "memory": "120Mi"}),
        {"cpu": "1250m", "memory": "120Mi"},
    ),
    "the pod's own requests take the place of the sum": (
        pod(
            container({"cpu": 1, "memory": "1Gi", "x/gpu": 1}),
            overhead={"cpu": "100m"},
            level=ResourceRequirements(requests={"cpu": 3, "x/gpu": 9, "hugepages-2Mi": "4Mi"}),
        ),
        {"cpu": "3100m", "memory": "1Gi", "x/gpu": "1", "hugepages-2Mi": "4Mi"},
    ),
    "nothing": (pod(container()), {}),
    "no spec": (Pod(), {}),
    "sums keep their family": (
        pod(container({"memory": "1000M"}), container({"memory": "24M"})),
        {"memory": "1024M"},
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests(name: str) -> None:
    """A pod's requests follow the scheduler's rule."""
    given, expected = REQUESTS[name]
    assert resources.pod_requests(given) == expected


def test_limits() -> None:
    """Limits add up alike; overhead counts only where there is a limit."""
    given = pod(
        container(limits={"cpu": 1}),
        container(limits={"cpu": "500m"}),
        overhead={"cpu": "100m", "memory": "1Mi"},
    )
    assert resources.pod_limits(given) == {"cpu": "1600m"}
    level = ResourceRequirements(limits={"memory": "1Gi"})
    assert resources.pod_limits(pod(container(limits={"cpu": 1}), level=level)) == {
        "cpu": "1",
        "memory": "1Gi",
    }


def test_needs() -> None:
    """The scheduler's numbers are whole, rounded up once, and remembered by identity."""
    given = pod(
        container({"cpu": "100.2m", "memory": "1000m", "ephemeral-storage": "1Gi"}),
        container({"cpu": "0.2m", "x/gpu": 2}),
    )
    needs = resources.pod_needs(given)
    assert needs == resources.Needs(
        milli_cpu=101,
        memory_bytes=1,
        ephemeral_storage_bytes=2**30,
        extended={"x/gpu": 2},
        scoring_milli_cpu=101,
        scoring_memory_bytes=200 * MI + 1,
        placed_milli_cpu=101,
        placed_memory_bytes=200 * MI + 1,
    )
    assert given.spec is not None
    elsewhere = Pod(
        spec=PodSpec(
            containers=given.spec.containers,
            init_containers=given.spec.init_containers,
            overhead=given.spec.overhead,
            node_name="n1",
        )
    )
    assert resources.pod_needs(elsewhere) is needs
    assert resources.pod_needs(Pod()) == resources.Needs()


@pytest.mark.parametrize(
    ("level", "asked", "placed"),
    [
        ({}, {"memory": "1Gi"}, (200, 1024 + 200)),
        ({"cpu": 2}, {"memory": "1Gi"}, (2000, 1024)),
        ({"cpu": 2}, {}, (2000, 400)),
        ({"memory": "2Gi"}, {"cpu": 1}, (1000, 2048)),
    ],
)
def test_a_placed_pod_that_says_what_it_needs_as_a_whole_weighs_no_more(
    level: dict[str, str], asked: dict[str, str], placed: tuple[int, int]
) -> None:
    """Only what none of its containers asks for, nor itself, is made up for each of them."""
    whole = ResourceRequirements(requests=level) if level else None
    needs = resources.pod_needs(pod(container(asked), container({}), level=whole))
    assert (needs.placed_milli_cpu, needs.placed_memory_bytes // MI) == placed


def test_weightless_containers_weigh_something() -> None:
    """A container that asks for nothing counts in scores, one that asks for zero does not."""
    needs = resources.pod_needs(pod(container(), container({"cpu": 0, "memory": 0})))
    assert (needs.milli_cpu, needs.memory_bytes) == (0, 0)
    assert (needs.scoring_milli_cpu, needs.scoring_memory_bytes) == (100, 200 * MI)


def test_node_offers() -> None:
    """A node's allocatable comes in the same numbers, pods among the rest."""
    offers = resources.node_offers({"cpu": "4", "memory": "8Gi", "pods": "110", "x/gpu": 1})
    assert (offers.milli_cpu, offers.memory_bytes) == (4000, 8 * 2**30)
    assert offers.extended == {"pods": 110, "x/gpu": 1}


FULL = {"cpu": "1", "memory": "1Gi"}
QOS: dict[str, tuple[Pod, resources.QosClass]] = {
    "nothing": (pod(container()), "BestEffort"),
    "zero is nothing": (pod(container({"cpu": 0})), "BestEffort"),
    "only another resource": (pod(container({"x/gpu": 1})), "BestEffort"),
    "equal": (pod(container(FULL, FULL)), "Guaranteed"),
    "equal in other words": (
        pod(container({"cpu": "1000m", "memory": "1024Mi"}, FULL)),
        "Guaranteed",
    ),
    "requests default to limits": (pod(container(None, FULL)), "Guaranteed"),
    "only CPU": (pod(container({"cpu": 1}, {"cpu": 1})), "Burstable"),
    "less than the limit": (pod(container({"cpu": "500m", "memory": "1Gi"}, FULL)), "Burstable"),
    "one of two": (pod(container(FULL, FULL), container()), "Burstable"),
    "init containers count": (pod(container(FULL, FULL), init=(container(),)), "Burstable"),
    "the pod's own decide": (
        pod(container(), level=ResourceRequirements(requests=FULL, limits=FULL)),
        "Guaranteed",
    ),
    "no spec": (Pod(), "BestEffort"),
}


@pytest.mark.parametrize("name", QOS)
def test_qos(name: str) -> None:
    """The class follows from requests and limits of CPU and memory alone."""
    given, expected = QOS[name]
    assert resources.qos_class(given) == expected


amounts = st.dictionaries(
    st.sampled_from(["cpu", "memory"]), st.sampled_from(["0", "1", "100m", "2Ki", "0.5"])
)
containers = st.builds(container, amounts, sidecar=st.booleans())


@given(st.lists(containers, max_size=3), st.lists(containers, max_size=4))
def test_requests_are_the_greatest_need(main: list[Container], init: list[Container]) -> None:
    """The request is the most that any moment of the pod's life takes."""

    def of(each: Container) -> int:
        assert each.resources is not None
        return quantities.nano(each.resources.requests.get("cpu", "0"))

    moments = [sum(map(of, main)) + sum(of(each) for each in init if resources.is_sidecar(each))]
    for position, each in enumerate(init):
        before = [side for side in init[:position] if resources.is_sidecar(side)]
        moments.append(of(each) + sum(map(of, before)))
    asked = resources.pod_requests(pod(*main, init=tuple(init)))
    assert quantities.nano(asked.get("cpu", "0")) == max(moments)
