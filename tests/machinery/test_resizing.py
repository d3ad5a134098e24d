"""What counts while a pod's resources change in place."""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.machinery.resizing import is_resizing, placed_needs


def _pod(
    asked: str,
    actual: str | None,
    promised: str | None = None,
    *,
    reason: str = "",
    sidecar: bool = False,
) -> Pod:
    """A pod whose container asks for so much CPU; `actual` is what it has, None: nobody has said it."""
    container: dict[str, Any] = {"name": "c", "resources": {"requests": {"cpu": asked}}}
    status: dict[str, Any] = {"name": "c"}
    if actual is not None:
        status["resources"] = {"requests": {"cpu": actual}}
    if promised is not None:
        status["allocatedResources"] = {"cpu": promised}
    conditions = [{"type": "PodResizePending", "status": "True", "reason": reason}]
    where = (
        ("initContainers", "initContainerStatuses")
        if sidecar
        else ("containers", "containerStatuses")
    )
    if sidecar:
        container["restartPolicy"] = "Always"
    document = {
        "metadata": {"name": "p"},
        "spec": {where[0]: [container]},
        "status": {where[1]: [status], "conditions": conditions if reason else []},
    }
    return codec.from_dict({"apiVersion": "v1", "kind": "Pod", **document}, Pod)


@pytest.mark.parametrize(
    ("pod", "milli_cpu"),
    [
        (_pod("2", None), 2000),
        (_pod("2", "2", "2"), 2000),
        (_pod("2", "1", "1"), 2000),  # grows: what it will have
        (_pod("1", "2", "2"), 2000),  # shrinks: what it still has
        (_pod("1", "1", "3"), 3000),
        (_pod("4", "1", "1", reason="Infeasible"), 1000),
        (_pod("4", "1", "1", reason="Deferred"), 4000),
        (_pod("1", "2", "2", sidecar=True), 2000),
    ],
)
def test_the_greatest_of_asked_promised_and_actual_counts(pod: Pod, milli_cpu: int) -> None:
    """One that the node cannot have is left out, as kube-scheduler counts."""
    assert placed_needs(pod).milli_cpu == milli_cpu


def test_a_pod_that_has_what_it_asks_for_is_not_resizing() -> None:
    assert not is_resizing(_pod("2", "2", "2"))
    assert not is_resizing(_pod("2", None))
    assert is_resizing(_pod("2", "1"))


def test_what_is_asked_for_the_pod_as_a_whole_is_resized_too() -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}],
            "resources": {"requests": {"cpu": "2"}},
        },
        "status": {"resources": {"requests": {"cpu": "3"}}, "allocatedResources": {"cpu": "3"}},
    }
    assert placed_needs(codec.from_dict(document, Pod)).milli_cpu == 3000
