"""KubeSchedulerConfiguration: who takes part where, with what weight and arguments; what is refused."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import actors
from orchestrator import Cluster
from orchestrator.api.core.v1 import Pod
from orchestrator.cli import main
from orchestrator.cli.scheduling import configuration_file
from orchestrator.scheduler import (
    InvalidConfiguration,
    Plugin,
    Profile,
    load_configuration,
    registry,
)
from orchestrator.scheduler.framework import POINTS
from tests.scheduler.test_scheduler import _manifest

DEFAULT_WEIGHTS = {
    "TaintToleration": 3,
    "NodeAffinity": 2,
    "NodeResourcesFit": 1,
    "PodTopologySpread": 2,
    "InterPodAffinity": 2,
    "DynamicResources": 2,
    "NodeResourcesBalancedAllocation": 1,
    "ImageLocality": 1,
}


class PreferNumber(Plugin):
    """Likes the node with a number."""

    name: ClassVar[str] = "PreferNumber"

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def score(self, pod: Pod, nodes: Any, rows: Any) -> Any:
        return np.array([100 * nodes.names[row].endswith(f"-{self.number}") for row in rows])


OWN = f"{__name__}:PreferNumber"


class NodeName(PreferNumber):
    """Is called as one of Kubernetes' own plugins."""

    name: ClassVar[str] = "NodeName"


class Pointless(Plugin):
    """Takes part nowhere."""

    name: ClassVar[str] = "Pointless"


class Heavy(PreferNumber):
    """Its weight is a word."""

    name: ClassVar[str] = "Heavy"
    weight: ClassVar[Any] = "three"


def _profile(text: str) -> Profile:
    return load_configuration(yaml.safe_load(text)).profiles[0]


def _scores(profile: Profile) -> dict[str, int]:
    return {p.name: profile.weight(p) for p in profile.at("score")}


def _names(profile: Profile, point: str) -> list[str]:
    return [p.name for p in profile.at(point)]


def test_an_empty_document_is_the_default() -> None:
    """The default plugins, in their order, with their weights."""
    profile = _profile(
        "{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}"
    )
    assert profile.scheduler_name == "default-scheduler"
    assert _scores(profile) == DEFAULT_WEIGHTS


def test_a_point_is_changed_for_itself_alone() -> None:
    """A score that is disabled filters on; a weight overrides; overriding ones come first."""
    profile = _profile("""
profiles:
- plugins:
    score:
      disabled: [{name: NodeResourcesFit}]
      enabled: [{name: ImageLocality, weight: 7}]
""")
    expected = {**DEFAULT_WEIGHTS, "ImageLocality": 7}
    del expected["NodeResourcesFit"]
    assert _scores(profile) == expected
    assert _names(profile, "score")[0] == "ImageLocality"
    assert "NodeResourcesFit" in _names(profile, "filter")


def test_everything_can_be_disabled_and_some_enabled_again() -> None:
    """`*` takes away what multiPoint brings, or what a point has from it."""
    profile = _profile("""
profiles:
- schedulerName: mine
  plugins:
    multiPoint:
      disabled: [{name: "*"}]
      enabled: [{name: PrioritySort}, {name: NodeResourcesFit, weight: 4}, {name: DefaultBinder}]
    filter: {disabled: [{name: "*"}], enabled: [{name: NodeName}]}
""")
    assert profile.scheduler_name == "mine"
    assert _scores(profile) == {"NodeResourcesFit": 4}
    assert _names(profile, "filter") == ["NodeName"]


def test_arguments_reach_their_plugins() -> None:
    """All that Kubernetes' plugins take."""
    profile = _profile("""
profiles:
- pluginConfig:
  - name: NodeResourcesFit
    args:
      apiVersion: kubescheduler.config.k8s.io/v1
      kind: NodeResourcesFitArgs
      ignoredResources: [example.com/foo]
      ignoredResourceGroups: [other.example]
      scoringStrategy:
        type: RequestedToCapacityRatio
        resources: [{name: cpu, weight: 3}, {name: nvidia.com/gpu, weight: 5}]
        requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}
  - name: NodeResourcesBalancedAllocation
    args: {resources: [{name: cpu}, {name: memory}, {name: nvidia.com/gpu}]}
  - {name: InterPodAffinity, args: {hardPodAffinityWeight: 5}}
  - {name: DefaultPreemption, args: {minCandidateNodesPercentage: 20, minCandidateNodesAbsolute: 5}}
  - name: PodTopologySpread
    args:
      defaultingType: List
      defaultConstraints: [{maxSkew: 1, topologyKey: rack, whenUnsatisfiable: DoNotSchedule}]
  - name: NodeAffinity
    args:
      addedAffinity:
        requiredDuringSchedulingIgnoredDuringExecution:
          nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [a]}]}]
""")
    plugins: dict[str, Any] = {p.name: p for p in profile.plugins}
    fit = plugins["NodeResourcesFit"]
    assert (fit._strategy, fit._shape) == ("RequestedToCapacityRatio", ((0, 0), (100, 10)))
    assert fit._resources == (("cpu", 3), ("nvidia.com/gpu", 5))
    assert plugins["NodeResourcesBalancedAllocation"]._resources[2] == "nvidia.com/gpu"
    assert plugins["InterPodAffinity"]._hard_weight == 5
    assert (plugins["DefaultPreemption"]._percentage, plugins["DefaultPreemption"]._absolute) == (
        20,
        5,
    )
    assert [c.topology_key for c in plugins["PodTopologySpread"]._defaults] == ["rack"]
    assert plugins["NodeAffinity"]._added_matches({"pool": "a"}, "n")
    assert not plugins["NodeAffinity"]._added_matches({"pool": "b"}, "n")


_WRONG = {
    "profils: []": "Object contains unknown field `profils`",
    "kind: Deployment": (
        "kind: Invalid enum value 'Deployment'; there is 'KubeSchedulerConfiguration'"
    ),
    "profiles: [{plugins: {score: {enabled: [{nam: x}]}}}]": (
        "profiles[0].plugins.score.enabled[0]: Object contains unknown field `nam`"
    ),
    "profiles: [{plugins: {score: {enabled: [{name: NodeResourceFit}]}}}]": (
        'profiles[0].plugins.score.enabled[0].name: there is no plugin "NodeResourceFit"; '
        'did you mean "NodeResourcesFit"?'
    ),
    "profiles: [{plugins: {score: {enabled: [{name: NodeName}]}}}]": (
        'profiles[0].plugins.score.enabled[0].name: plugin "NodeName" does not extend score plugin'
    ),
    "profiles: [{plugins: {multiPoint: {enabled: [{name: GangScheduling}]}}}]": (
        'profiles[0].plugins.multiPoint.enabled[0].name: the plugin "GangScheduling" is not offered'
    ),
    "profiles: [{plugins: {queueSort: {disabled: [{name: '*'}]}}}]": (
        "profiles[0].plugins.queueSort: exactly one plugin must be enabled"
    ),
    "profiles: [{pluginConfig: [{name: NodeResourcesFit, args: {scoringStrategy: {type: Most}}}]}]": (
        "profiles[0].pluginConfig[0].args.scoringStrategy.type: Invalid enum value 'Most'; there is "
        "'LeastAllocated' and 'MostAllocated' and 'RequestedToCapacityRatio'"
    ),
    "profiles: [{pluginConfig: [{name: NodeName, args: {a: 1}}]}]": (
        "profiles[0].pluginConfig[0].args: NodeName takes no arguments"
    ),
    "profiles: [{}, {}]": "profiles[0].schedulerName: Required value",
    "profiles: [{schedulerName: a}, {schedulerName: a}]": "two profiles have the scheduler name 'a'",
    "plugins: [nothing]": "plugins[0]: expected module:Class, not 'nothing'",
    "plugins: ['nowhere.at.all:X']": (
        "plugins[0]: nowhere.at.all:X cannot be imported: ModuleNotFoundError: No module named 'nowhere'"
    ),
    "plugins: ['json:JSONDecoder']": (
        "plugins[0]: <class 'json.decoder.JSONDecoder'> is no class derived from scheduler.Plugin"
    ),
    f"{{plugins: ['{OWN}'], profiles: [{{pluginConfig: [{{name: PreferNumber, args: {{x: 1}}}}]}}]}}": (
        "profiles[0].pluginConfig[0].args: PreferNumber cannot be made: PreferNumber.__init__() got "
        "an unexpected keyword argument 'x'"
    ),
    f"plugins: ['{OWN}', '{OWN}']": (
        'plugins[1]: there is a plugin "PreferNumber" already: name this one otherwise'
    ),
    f"plugins: ['{__name__}:NodeName']": (
        'plugins[0]: there is a plugin "NodeName" already: name this one otherwise'
    ),
    f"plugins: ['{__name__}:Pointless']": (
        'profiles[0].plugins: plugin "Pointless" has no extension point (' + ", ".join(POINTS) + ")"
    ),
    f"plugins: ['{__name__}:Heavy']": (
        "profiles[0]: the weight of 'Heavy' is a whole number, not 'three'"
    ),
    "profiles: [{pluginConfig: [{name: NodeName}, {name: NodeName}]}]": (
        'profiles[0].pluginConfig[1]: Duplicate value: "NodeName"'
    ),
    "podInitialBackoffSeconds: 20": ("pods cannot stay back 20 s at first and 10 s at most"),
}


@pytest.mark.parametrize("text", _WRONG)
def test_what_is_wrong_is_refused_with_its_path(text: str) -> None:
    """And with what would be right, where that can be told."""
    with pytest.raises(InvalidConfiguration) as raised:
        load_configuration(yaml.safe_load(text))
    assert str(raised.value) == _WRONG[text]


def test_a_class_of_ones_own_decides_without_touching_the_package() -> None:
    """By module and name, with arguments; the weights of the others stay as they are."""
    document = {
        "plugins": [OWN],
        "profiles": [
            {
                "plugins": {"score": {"enabled": [{"name": "PreferNumber", "weight": 100}]}},
                "pluginConfig": [{"name": "PreferNumber", "args": {"number": 2}}],
            }
        ],
    }

    async def main() -> set[str]:
        async with Cluster(nodes=4, scheduler=document) as cluster:
            await cluster.apply([_manifest(f"p{n}") for n in range(5)])
            await cluster.clock.sleep(5)
            pods = await cluster.client.list(Pod, namespace="default")
            return {p.spec.node_name for p in pods if p.spec is not None}

    assert actors.run(main) == {"node-2"}
    scores = _scores(load_configuration(document).profiles[0])
    assert scores == {**DEFAULT_WEIGHTS, "PreferNumber": 100}


def test_an_entry_point_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes part where a profile names it."""
    entry = EntryPoint("PreferNumber", OWN, registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    enabled = "profiles: [{plugins: {score: {enabled: [{name: PreferNumber, weight: 9}]}}}]"
    assert _scores(_profile(enabled))["PreferNumber"] == 9
    assert "PreferNumber" not in _scores(_profile("{}"))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("NodeName", OWN, 'plugins: there is a plugin "NodeName" already'),
        ("Broken", "nowhere:Class", r"Broken \(nowhere:Class\) cannot be imported: ModuleNotFound"),
        ("Other", OWN, 'Other .* calls itself "PreferNumber"'),
        ("Wrong", "json:dumps", "no class derived from scheduler.Plugin"),
    ],
)
def test_a_wrong_entry_point_is_refused_where_it_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    """One that is called as one of Kubernetes' own at once; others harm nobody who does not name them."""
    entry = EntryPoint(name, value, registry.ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    with pytest.raises(InvalidConfiguration, match=words):
        _profile(f"profiles: [{{plugins: {{score: {{enabled: [{{name: {name}}}]}}}}}}]")
    if name != "NodeName":
        _profile("{}")


def test_pods_of_two_scheduler_names_meet_two_profiles() -> None:
    """Each profile decides over its own, on the same nodes."""
    document = {
        "plugins": [OWN],
        "profiles": [
            {
                "schedulerName": f"for-{n}",
                "pluginConfig": [{"name": "PreferNumber", "args": {"number": n}}],
                "plugins": {"multiPoint": {"enabled": [{"name": "PreferNumber", "weight": 100}]}},
            }
            for n in (1, 3)
        ],
    }

    async def main() -> dict[str, str]:
        async with Cluster(nodes=4, scheduler=document) as cluster:
            await cluster.apply([_manifest(f"p{n}", schedulerName=f"for-{n}") for n in (1, 3)])
            await cluster.clock.sleep(5)
            pods = await cluster.client.list(Pod, namespace="default")
            return {p.metadata.name: p.spec.node_name for p in pods if p.spec is not None}

    assert actors.run(main) == {"p1": "node-1", "p3": "node-3"}


def test_the_command_line_refuses_a_wrong_file_in_one_line(tmp_path: Path) -> None:
    """With the file, the path in it, and exit code 2."""
    file = tmp_path / "scheduler.yaml"
    file.write_text("profiles: [{plugins: {score: {enabled: [{name: NodeResourceFit}]}}}]")
    result = CliRunner().invoke(main, ["up", "--scheduler-config", str(file)])
    assert result.exit_code == 2
    assert result.output == (
        f"Error: {file}: profiles[0].plugins.score.enabled[0].name: there is no plugin "
        '"NodeResourceFit"; did you mean "NodeResourcesFit"?\n'
    )


def test_the_command_line_finds_plugins_beside_the_file(tmp_path: Path) -> None:
    """As a scenario does; what goes wrong in them is told with the path in the file."""
    (tmp_path / "own_policy.py").write_text(
        "from orchestrator.scheduler import Plugin\n"
        "class Mine(Plugin):\n"
        "    name = 'Mine'\n"
        "    def pre_enqueue(self, pod):\n"
        "        return ''\n"
    )
    file = tmp_path / "scheduler.yaml"
    file.write_text("plugins: ['own_policy:Mine']")
    assert configuration_file(file).profiles
    file.write_text("plugins: ['own_policy:Mein']")
    result = CliRunner().invoke(main, ["up", "--scheduler-config", str(file)])
    assert result.output == f"Error: {file}: plugins[0]: own_policy has no class Mein\n"
