"""What a pod worker does in the situations in which Kubernetes' own tests put a kubelet: init containers, sidecars and
debuggers that begin, fail, restart and end in every order that matters.

A line of a situation is an event and, behind an arrow, what the worker asks of the runtime because of it, in its order.
"""

from typing import Any

import pytest

from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.kubelet.pod_events import (
    Effect,
    PodChanged,
    PodEvent,
    StartContainer,
    StopContainer,
    TimeCame,
)
from orchestrator.kubelet.pod_status import phase_of
from orchestrator.kubelet.pod_worker import PodWorker
from orchestrator.kubelet.runtimes.interface import (
    ContainerExited,
    ContainerKey,
    ContainerProbed,
    ContainerStarted,
    ProbeAnswered,
)

NOW = 1_704_067_200.0
_PROBE = {"exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": 1}


def _pod(policy: str, *names: str, **changes: Any) -> Pod:
    """`i...` are init containers, `s...` sidecars among them; `changes` are fields of some."""
    lists: dict[str, list[dict[str, Any]]] = {"i": [], "c": []}
    for name in names:
        container = {"name": name, "image": "x", **changes.get(name, {})}
        if name[0] == "s":
            container["restartPolicy"] = "Always"
        lists["i" if name[0] == "s" else name[0]].append(container)
    spec = {"restartPolicy": policy, "initContainers": lists["i"], "containers": lists["c"]}
    metadata = {"name": "p", "namespace": "default", "uid": "u"}
    document = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    return codec.from_dict(document, Pod)


class _Worker:
    """Turns words into events, and effects into words."""

    def __init__(self, pod: Pod) -> None:
        self._now = NOW
        self._worker = PodWorker(pod, NOW)
        self._keys: dict[str, ContainerKey] = {}

    def hear(self, words: str) -> str:
        """An event; answers what is asked of the runtime."""
        what, _, rest = words.partition(" ")
        name, _, code = rest.partition(" ")
        event: PodEvent
        match what:
            case "begin":
                event = PodChanged(self._worker.pod)
            case "runs":
                event = ContainerStarted(self._keys[name], f"id-{name}", self._now, True)
            case "ends":
                key = self._keys.pop(name)
                reason = "Error" if int(code) else "Completed"
                event = ContainerExited(key, "id", int(code), reason, "", self._now - 1, self._now)
            case "well" | "sick":
                self._now += 1  # and the probe is asked
                self._worker.handle(TimeCame(), self._now)
                event = ProbeAnswered(self._keys[name], code, what == "well", "", self._now)
            case "later":
                self._now += float(rest)
                event = TimeCame()
            case "debug":
                event = PodChanged(_with_debugger(self._worker.pod, name))
            case "image":
                event = PodChanged(_with_image(self._worker.pod, name))
            case _:
                raise AssertionError(words)
        said = self._told(self._worker.handle(event, self._now))
        if what == "runs":
            said += self._told(
                self._worker.handle(ContainerProbed(self._keys[name], True, self._now), self._now)
            )
        phase = phase_of(self._worker)
        if phase in ("Succeeded", "Failed"):
            said.append(phase)
        return ", ".join(said)

    def _told(self, effects: list[Effect]) -> list[str]:
        said = []
        for effect in effects:
            match effect:
                case StartContainer(container, key):
                    self._keys[container.name] = key
                    said.append(f"start {container.name}")
                case StopContainer(key):
                    said.append(f"stop {key.name}")
        return said


def _with_image(pod: Pod, name: str) -> Pod:
    document = codec.to_dict(pod)
    for kind in ("initContainers", "containers"):
        for container in document["spec"].get(kind, []):
            if container["name"] == name:
                container["image"] = "y"
    return codec.from_dict(document, Pod)


def _with_debugger(pod: Pod, name: str) -> Pod:
    document = codec.to_dict(pod)
    document["spec"].setdefault("ephemeralContainers", []).append({"name": name, "image": "x"})
    return codec.from_dict(document, Pod)


@pytest.mark.parametrize(
    ("policy", "names", "changes", "story"),
    [
        pytest.param(
            "Always",
            "i1 i2 c1",
            {},
            """
            begin -> start i1
            runs i1 ->
            ends i1 0 -> start i2
            ends i2 0 -> start c1
            """,
            id="one after another",
        ),
        pytest.param(
            "OnFailure",
            "i1 i2 c1",
            {},
            """
            begin -> start i1
            ends i1 0 -> start i2
            ends i2 1 -> start i2
            ends i2 1 ->
            later 10 -> start i2
            ends i2 0 -> start c1
            """,
            id="only the one that failed is tried again",
        ),
        pytest.param(
            "Never",
            "i1 i2 c1",
            {},
            """
            begin -> start i1
            ends i1 2 -> Failed
            """,
            id="an init container that may not fail fails the pod",
        ),
        pytest.param(
            "Always",
            "s1 i1 s2 c1",
            {},
            """
            begin -> start s1
            runs s1 -> start i1
            ends i1 0 -> start s2
            runs s2 -> start c1
            """,
            id="who comes next waits until a sidecar has started, and not for its end",
        ),
        pytest.param(
            "Always",
            "s1 c1",
            {"s1": {"startupProbe": _PROBE}},
            """
            begin -> start s1
            runs s1 ->
            well s1 startup -> start c1
            """,
            id="a sidecar has started when its startup probe says so",
        ),
        pytest.param(
            "Never",
            "s1 c1",
            {"s1": {"startupProbe": _PROBE}},
            """
            begin -> start s1
            runs s1 ->
            sick s1 startup -> stop s1
            ends s1 137 -> start s1
            """,
            id="a sidecar that does not start is replaced, whatever the pod's policy",
        ),
        pytest.param(
            "Never",
            "s1 c1",
            {"s1": {"livenessProbe": _PROBE}},
            """
            begin -> start s1
            runs s1 -> start c1
            runs c1 ->
            sick s1 liveness -> stop s1
            ends s1 137 -> start s1
            """,
            id="a sidecar that is not well is replaced while the others go on",
        ),
        pytest.param(
            "Never",
            "s1 i1 c1",
            {},
            """
            begin -> start s1
            runs s1 -> start i1
            runs i1 ->
            ends s1 1 -> start s1
            runs s1 ->
            ends i1 0 -> start c1
            """,
            id="a sidecar that ends is started again while another init container runs",
        ),
        pytest.param(
            "Never",
            "s1 i1 c1",
            {},
            """
            begin -> start s1
            runs s1 -> start i1
            ends i1 1 -> stop s1
            ends s1 143 -> Failed
            """,
            id="sidecars of a pod that has failed are stopped",
        ),
        pytest.param(
            "Never",
            "s1 s2 c1",
            {},
            """
            begin -> start s1
            runs s1 -> start s2
            runs s2 -> start c1
            runs c1 ->
            ends c1 0 -> stop s2
            ends s2 143 -> stop s1
            ends s1 1 -> Succeeded
            """,
            id="sidecars end after the others, last come first served, and do not count",
        ),
        pytest.param(
            "OnFailure",
            "c1 c2",
            {},
            """
            begin -> start c1, start c2
            ends c1 0 ->
            ends c2 1 -> start c2
            ends c2 0 -> Succeeded
            """,
            id="who succeeded is not started again for the sake of who failed",
        ),
        pytest.param(
            "Never",
            "c1 c2",
            {},
            """
            begin -> start c1, start c2
            runs c1 ->
            image c1 -> stop c1
            ends c1 143 -> start c1
            ends c2 0 ->
            ends c1 3 -> Failed
            """,
            id="another image is another container, also where nothing is restarted",
        ),
        pytest.param(
            "Always",
            "s1 c1",
            {},
            """
            begin -> start s1
            runs s1 -> start c1
            runs c1 ->
            image s1 -> stop s1
            ends s1 143 -> start s1
            """,
            id="a sidecar's image may change, too",
        ),
        pytest.param(
            "Always",
            "c1",
            {"c1": {"livenessProbe": _PROBE, "startupProbe": _PROBE}},
            """
            begin -> start c1
            runs c1 ->
            well c1 startup ->
            sick c1 liveness -> stop c1
            ends c1 137 -> start c1
            """,
            id="liveness counts once the container has started",
        ),
        pytest.param(
            "Never",
            "c1",
            {"c1": {"startupProbe": _PROBE}},
            """
            begin -> start c1
            runs c1 ->
            sick c1 startup -> stop c1
            ends c1 137 -> Failed
            """,
            id="who may not be restarted and does not start has failed",
        ),
        pytest.param(
            "Never",
            "i1 c1",
            {},
            """
            begin -> start i1
            debug d1 -> start d1
            runs d1 ->
            ends i1 0 -> start c1
            runs c1 ->
            ends d1 1 ->
            ends c1 0 -> Succeeded
            """,
            id="a debugger need not wait, is not started again, and does not count",
        ),
        pytest.param(
            "Never",
            "c1",
            {},
            """
            begin -> start c1
            debug d1 -> start d1
            runs d1 ->
            ends c1 0 -> stop d1
            ends d1 137 -> Succeeded
            """,
            id="a debugger ends with the pod",
        ),
    ],
)
def test_each_event_leads_to_what_kubernetes_does(
    policy: str, names: str, changes: dict[str, Any], story: str
) -> None:
    """And to nothing else."""
    worker = _Worker(_pod(policy, *names.split(), **changes))
    for line in story.strip().splitlines():
        event, _, wanted = line.strip().partition("->")
        assert (event, worker.hear(event.strip())) == (event, wanted.strip())
