"""What a Cluster says of arguments that it cannot take, and of a life that it cannot live twice."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from actors import Misuse
from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap, Event, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheduling.v1alpha2 import RESOURCES
from orchestrator.api.scheme import Scheme
from orchestrator.cluster import node_spec
from orchestrator.cluster.arguments import classes_of
from orchestrator.controllers import CONTROLLERS
from orchestrator.controllers.installed import UnknownController
from orchestrator.controllers.pod_group_protection import PodGroupProtectionController
from orchestrator.kubelet import SimulatedRuntime, runtimes
from orchestrator.kubelet.runtimes import UnknownRuntime
from orchestrator.machinery.errors import ManifestError
from tests.manifests import pod


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nodes": "3"}, "nodes is a number or a sequence of NodeSpec, not '3'"),
        ({"nodes": 2.5}, "not 2.5"),
        ({"nodes": True}, "not True"),
        ({"nodes": ["a"]}, "not .'a'."),
        ({"controllers": None}, "controllers is a sequence of Controller classes"),
        ({"runtimes": {"mine": 3}}, "the runtime 'mine'"),
        ({"runtimes": 5}, "runtimes is a mapping of names to what makes a runtime, not 5"),
        ({"seed": "x"}, "seed is a whole number, not 'x'"),
        ({"profile": {"start_seconds": 1}}, "profile is a kubelet.Profile, not"),
        ({"event_seconds": 0}, "event_seconds is a number of seconds above 0, not 0"),
        ({"trace": "yes"}, "trace is True or False, not 'yes'"),
        ({"heartbeats": "none"}, "heartbeats is .written. or .computed., not 'none'"),
        ({"faults": 5}, "faults is an actors.FaultPlan, not 5"),
        ({"api_faults": [5]}, "api_faults is a sequence of apiserver.ApiFault, not .5."),
        ({"admission": 5}, "admission is an apiserver.admission.Admission, not 5"),
        ({"authorizer": 5}, "authorizer is an Authorizer, not 5"),
        ({"resources": [5]}, "resources is a sequence of api.scheme.Resource, not .5."),
    ],
)
def test_arguments_of_another_kind_are_refused_where_they_are_given(
    arguments: dict[str, Any], message: str
) -> None:
    """The error is the caller's, before anything starts."""
    with pytest.raises(TypeError, match=message):
        Cluster(**arguments)


def test_controllers_are_named_as_the_controller_manager_names_them() -> None:
    """As in `--controllers`: "*" is all of Kubernetes' own of what is served, "-job" leaves one out, a name adds one."""
    scheme = Scheme.builtin()
    served = [each for each in CONTROLLERS if each.name != "podgroup-protection"]
    furnished = [each for each in served if each.name != "node-ipam"]
    assert classes_of(["*"], scheme, every=True) == furnished
    usual = [each for each in served if each.by_default]
    assert classes_of(["*"], scheme) == usual
    assert {each.name for each in classes_of(["*", "ttl"], scheme)} == {
        "ttl",
        *(each.name for each in usual),
    }
    without = [each for each in usual if each.name != "job"]
    assert classes_of(["*", "-job"], scheme) == without
    assert [each.name for each in classes_of(["job"], scheme)] == ["job"]
    for resource in RESOURCES:
        scheme.register(resource)
    assert set(classes_of(["*"], scheme)) - {*usual} == {PodGroupProtectionController}
    with pytest.raises(UnknownController, match="there is no controller 'jobs'; there are"):
        Cluster(controllers=["*", "-jobs"])


async def test_a_cluster_lives_once(cluster: Cluster) -> None:
    """It does not begin again, neither while it runs nor afterwards."""
    with pytest.raises(Misuse, match="lives once, and this one is running"):
        await cluster.__aenter__()
    other = Cluster(nodes=0)
    with pytest.raises(Misuse, match="inside `async with Cluster"):
        _ = other.client
    async with other:
        assert repr(other) == "<Cluster of 0 nodes, seed 0, running>"
    with pytest.raises(Misuse, match="this one is ended"):
        await other.__aenter__()


class _Mine(SimulatedRuntime):
    made = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1


async def test_a_runtime_of_ones_own_runs_the_pods_of_its_nodes(cluster: Cluster) -> None:
    """A node's spec names its runtime, which the cluster was given by name."""
    specs = [node_spec("plain", 0), node_spec("special", 1, runtime="mine")]
    before = _Mine.made
    async with Cluster(specs, runtimes={"mine": _Mine}) as mixed:
        assert _Mine.made == before + 1
        await mixed.apply([pod("a", nodeName="special")])
        await mixed.client.wait(Pod, "a", "condition=Ready")


async def test_a_runtime_that_nobody_has_is_refused(cluster: Cluster) -> None:
    """The error names those that there are."""
    with pytest.raises(
        UnknownRuntime,
        match="there is no runtime 'docker'; there are coroutine, cri, process, simulated",
    ):
        await cluster.add_nodes([node_spec("new", 9, runtime="docker")])


async def test_an_installed_runtime_is_found_by_its_entry_point(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package that is installed need not be handed over."""
    point = EntryPoint("installed", f"{__name__}:_Mine", "orchestrator.runtimes")
    monkeypatch.setattr(runtimes, "entry_points", lambda group: [point])
    await cluster.add_nodes([node_spec("new", 9, runtime="installed")])
    assert cluster.has_node("new")


async def test_a_folder_of_manifests_is_applied_whatever_its_files_endings(
    cluster: Cluster, tmp_path: Path
) -> None:
    """Files in .yaml, .yml and .json are manifests, below the folder, too; others are not."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
    (tmp_path / "below").mkdir()
    (tmp_path / "a.yml").write_text(text % "a")
    (tmp_path / "below" / "b.yaml").write_text(text % "b")
    (tmp_path / "c.json").write_text(
        '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'
    )
    for other in ("d.jsonnet", "e.yaml.bak", "f.txt"):
        (tmp_path / other).write_text(text % "other")
    await cluster.apply(tmp_path)
    names = [c.metadata.name for c in await cluster.client.list(ConfigMap, namespace="default")]
    assert [name for name in names if len(name) == 1] == ["a", "b", "c"]
    assert "other" not in names


@pytest.mark.parametrize("nothing", ["", "  "])
async def test_an_empty_text_is_no_path(cluster: Cluster, nothing: str) -> None:
    """It is not the folder that the program stands in."""
    with pytest.raises(ManifestError, match="there is no manifest, and no path of one"):
        await cluster.apply(nothing)


@pytest.mark.cluster(nodes=0, event_seconds=120)
async def test_events_are_kept_as_long_as_one_says(cluster: Cluster) -> None:
    """After their last change, and a minute more at most."""
    event = Event(metadata=ObjectMeta(name="old", namespace="default"), reason="x")
    await cluster.client.create(event)
    await cluster.clock.sleep(100)
    assert [each.metadata.name for each in await cluster.client.list(Event)] == ["old"]
    await cluster.clock.sleep(100)
    assert not await cluster.client.list(Event)
