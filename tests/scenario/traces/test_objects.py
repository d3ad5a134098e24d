"""What a task becomes in a cluster, and how other packages bring importers."""

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

import actors
from orchestrator import Cluster
from orchestrator.api import codec
from orchestrator.api.core.v1 import Pod
from orchestrator.cluster import node_spec
from orchestrator.scenario import traces
from orchestrator.scenario.traces import Task, UnknownImporter, find_importer, pod_of
from orchestrator.scenario.traces.openb import GPU, GPU_MODEL


def test_a_task_without_anything_special_is_a_pod_that_runs_until_the_end() -> None:
    """No limits, no annotation, no affinity."""
    pod = pod_of(Task("t", 0, None, {"cpu": "1"}), "batch")
    document = codec.to_dict(pod)
    assert document["metadata"] == {"name": "t", "namespace": "batch"}
    (container,) = document["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "1"}}
    assert set(document["spec"]) == {"restartPolicy", "containers"}
    assert pod_of(Task("u", 1, None, {"cpu": "1"})).spec is pod.spec


async def _run() -> dict[str, tuple[str | None, str | None]]:
    nodes = [
        node_spec(f"n-{model.lower()}", number, capacity={GPU: "2000"}, labels={GPU_MODEL: model})
        for number, model in enumerate(["P100", "T4"])
    ]
    tasks = [
        Task("t4", 0, 30.5, {"cpu": "1", GPU: "1500"}, {"team": "a"}, {GPU_MODEL: ("T4",)}),
        Task("either", 0, 300.0, {"cpu": "1", GPU: "1500"}, {}, {GPU_MODEL: ("T4", "P100")}),
    ]
    async with Cluster(nodes=nodes) as cluster:
        await cluster.apply([pod_of(task) for task in tasks])
        await cluster.clock.sleep(40)
        pods = await cluster.client.list(Pod)
        return {
            pod.metadata.name: (
                pod.spec.node_name if pod.spec is not None else None,
                pod.status.phase if pod.status is not None else None,
            )
            for pod in pods
        }


def test_tasks_run_where_they_may_for_as_long_as_they_did() -> None:
    """A model that is full leaves the other; a task that has run has succeeded."""
    assert actors.run(_run) == {
        "t4": ("n-t4", "Succeeded"),
        "either": ("n-p100", "Running"),
    }


def test_another_package_offers_an_importer(monkeypatch: pytest.MonkeyPatch) -> None:
    """By an entry point; a broken one and an unknown name say so."""
    offered = EntryPoints(
        EntryPoint(name, value, traces.ENTRY_POINTS)
        for name, value in [
            ("theirs", "orchestrator.scenario.traces.openb:Openb"),
            ("broken", "no.such.package:importer"),
        ]
    )
    monkeypatch.setattr(traces, "entry_points", lambda group: offered.select(group=group))
    assert find_importer("theirs").name == "openb"
    with pytest.raises(UnknownImporter, match=r'"broken" \(no.such.package:importer\) is broken'):
        find_importer("broken")
    with pytest.raises(UnknownImporter, match="there are broken, openb, table, theirs"):
        find_importer("absent")


def test_our_own_importers_are_importers() -> None:
    """The registry's names are those of the importers, each once."""
    names = [importer.name for importer in traces.IMPORTERS]
    assert names == ["openb", "table"]
    assert all(callable(importer.load) for importer in traces.IMPORTERS)
    assert Path(traces.__file__).parent.name == "traces"
