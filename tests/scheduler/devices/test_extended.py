"""Which requests stand for the extended resources of a pod's containers."""

from typing import Any

from orchestrator.scheduler.devices.extended import PREFIX, names_of, special_claim
from tests.scheduler.devices.objects import device_class
from tests.scheduler.objects import make_pod

GPU = "example.com/gpu"


def _container(name: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "resources": {"requests": {"cpu": "1", GPU: amount}}, **more}


def test_what_lasts_has_its_own_request_and_what_passes_uses_it_first() -> None:
    """Init containers take what comes after them, and together no more than the greatest is short of."""
    pod = make_pod(
        "p",
        initContainers=[
            _container("small", "3"),
            _container("sidecar", "1", restartPolicy="Always"),
            _container("large", "5"),
        ],
        containers=[_container("main", "1"), {"name": "none"}],
    )
    special = special_claim(pod, {GPU: "gpu"})
    assert special.claim.spec.devices is not None
    requests = {
        each.name: each.exactly.count
        for each in special.claim.spec.devices.requests
        if each.exactly is not None
    }
    assert requests == {
        "container-1-request-1": 1,  # of the sidecar
        "container-2-request-1": 4,  # what the large one lacks
        "container-3-request-1": 1,  # of the main one
    }
    had = [(each.container_name, each.request_name) for each in special.mappings]
    assert had == [
        ("sidecar", "container-1-request-1"),
        ("main", "container-3-request-1"),
        ("small", "container-1-request-1"),
        ("small", "container-3-request-1"),
        ("small", "container-2-request-1"),
        ("large", "container-3-request-1"),
        ("large", "container-2-request-1"),
    ]


def test_a_class_stands_for_its_own_name_and_the_newest_for_one_that_several_give() -> None:
    one, other = (device_class(name, extendedResourceName=GPU) for name in ("a", "b"))
    assert names_of([one, other]) == {GPU: "a", f"{PREFIX}a": "a", f"{PREFIX}b": "b"}
