"""A scenario chooses how pods are placed: packing or spreading, or by a class of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import actors
from orchestrator.scenario import Report, ScenarioError, load, run_scenario
from orchestrator.scenario.replay import ReplayError, check_same_history
from orchestrator.scenario.report.comparison import columns_of, mismatches
from orchestrator.scenario.report.reading import read_report
from orchestrator.scenario.running.replaying import ScenarioReplayer
from tests.manifests import deployment
from tests.scenario.test_runner import scenario

PACKING: dict[str, Any] = {
    "profiles": [
        {
            "plugins": {
                "score": {
                    "disabled": [
                        {"name": "NodeResourcesBalancedAllocation"},
                        {"name": "PodTopologySpread"},
                    ]
                }
            },
            "pluginConfig": [
                {
                    "name": "NodeResourcesFit",
                    "args": {"scoringStrategy": {"type": "MostAllocated"}},
                }
            ],
        }
    ]
}
LAST: dict[str, Any] = {
    "plugins": ["policies:Last"],
    "profiles": [{"plugins": {"score": {"enabled": [{"name": "Last", "weight": 1000}]}}}],
}
PLUGIN = '''
import numpy as np

from orchestrator.scheduler import Plugin


class Last(Plugin):
    """Prefers the nodes with the highest numbers."""

    name = "Last"

    def __init__(self, least=0):
        self.least = least

    def score(self, pod, nodes, rows):
        return np.array([max(self.least, 10 * int(nodes.names[r][-1])) for r in rows])


class Nameless(Plugin):
    pass
'''


def _file(tmp_path: Path, **spec: Any) -> Path:
    """Four pods of half a core on four nodes of two."""
    web = deployment(replicas=4)
    (container,) = web["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"requests": {"cpu": "500m"}}
    (tmp_path / "policies.py").write_text(PLUGIN)
    return scenario(
        tmp_path,
        nodes=[{"name": "node", "count": 4, "capacity": {"cpu": "2"}}],
        workloads=[{"objects": [web]}],
        steps=[{"wait": {"podsReady": 4}}],
        **spec,
    )


def _full(report: Report) -> list[float]:
    """How much of each node's CPU is taken in the end."""
    (cpu,) = (heat for heat in report.heat_maps if heat.resource == "cpu")
    return [row[-1] or 0.0 for row in cpu.values]


def test_pods_are_spread_unless_the_scenario_says_otherwise(tmp_path: Path) -> None:
    """One a node; with the most allocated node preferred, all on one."""
    spread = run_scenario(load(_file(tmp_path)))
    assert _full(spread) == [0.25] * 4
    pack = run_scenario(load(_file(tmp_path, scheduler=PACKING)))
    assert sorted(_full(pack)) == [0.0, 0.0, 0.0, 1.0]
    assert (spread.scheduler.policy, pack.scheduler.policy) == ("default", "its own")
    assert "NodeResourcesBalancedAllocation" in spread.scheduler.weights
    assert "NodeResourcesBalancedAllocation" not in pack.scheduler.weights
    differing = {m.what for m in mismatches(columns_of([("a", spread), ("b", pack)]))}
    assert "scheduler" in differing


def test_a_policy_is_chosen_by_its_name(tmp_path: Path) -> None:
    """By a parameter, too."""
    path = _file(
        tmp_path,
        parameters={"policy": "spreading"},
        policies={"packing": PACKING, "spreading": {}},
        scheduler="{{policy}}",
    )
    assert max(_full(run_scenario(load(path)))) == 0.25
    report = run_scenario(load(path, {"policy": "packing"}))
    assert max(_full(report)) == 1.0
    assert report.scheduler.policy == "packing"


def test_a_class_beside_the_scenario_is_a_plugin(tmp_path: Path) -> None:
    """Wherever the command is called from; its file is part of the report."""
    report = run_scenario(load(_file(tmp_path, scheduler=LAST)))
    assert _full(report) == [0.0, 0.0, 0.0, 1.0]
    assert report.scheduler.weights["Last"] == 1000
    assert list(report.scheduler.files) == [str((tmp_path / "policies.py").resolve())]


def test_a_class_gets_its_arguments(tmp_path: Path) -> None:
    """As its constructor calls them."""
    everywhere = {
        "plugins": ["policies:Last"],
        "profiles": [{"pluginConfig": [{"name": "Last", "args": {"least": 100}}]}],
    }
    report = run_scenario(load(_file(tmp_path, scheduler=everywhere)))
    assert _full(report) == [0.25] * 4


def test_the_processes_of_a_sweep_and_a_replay_have_the_policy(tmp_path: Path) -> None:
    """Each setting its own, and the history of a run is that of its policy."""
    path = _file(
        tmp_path,
        parameters={"policy": "spreading"},
        policies={"packing": LAST, "spreading": {}},
        scheduler="{{policy}}",
        sweep={"parameters": {"policy": ["packing", "spreading"]}},
    )
    out = tmp_path / "out"
    command = [sys.executable, "-m", "orchestrator", "run", str(path), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    alone = {p: run_scenario(load(path, {"policy": p})).digest for p in ("packing", "spreading")}
    assert alone["packing"] != alone["spreading"]
    for policy, digest in alone.items():
        report = read_report(out / f"policy={policy},seed=0")
        assert isinstance(report, Report)
        assert report.digest == digest
        _replay(report)


def _replay(report: Report) -> None:
    async def bring_back() -> None:
        async with ScenarioReplayer().bring_to(report, report.virtual_seconds) as moment:
            check_same_history(report, moment.digests, report.virtual_seconds)

    actors.run(bring_back)


def test_a_replay_with_another_plugin_names_its_file(tmp_path: Path) -> None:
    """That is the true reason why the histories part."""
    report = run_scenario(load(_file(tmp_path, scheduler=LAST)))
    (tmp_path / "policies.py").write_text(PLUGIN.replace("10 * int", "90 - 10 * int"))
    with pytest.raises(ReplayError, match=r"policies\.py, which has plugins .* has changed since"):
        _replay(report)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("packng", 'spec.scheduler: there is no policy "packng"; spec.policies has packing'),
        ({"plugins": ["policies"]}, 'plugins[0]: expected module:Class, got "policies"'),
        ({"plugins": ["nowhere:X"]}, "nowhere cannot be imported: ModuleNotFoundError"),
        ({"plugins": ["policies:X"]}, "policies has no class X"),
        ({"plugins": ["policies:Nameless"]}, "Nameless has no name"),
        ({"profile": []}, 'did you mean "profiles"?'),
        (
            {"profiles": [{"plugins": {"score": {"enabled": [{"name": "NodeAffinty"}]}}}]},
            'profiles[0].plugins.score.enabled[0].name: there is no plugin "NodeAffinty"; '
            'did you mean "NodeAffinity"?',
        ),
        (
            {
                "plugins": ["policies:Last"],
                "profiles": [{"pluginConfig": [{"name": "Last", "args": {"most": 1}}]}],
            },
            "pluginConfig[0].args: Last cannot be made: ",
        ),
    ],
)
def test_what_is_wrong_with_a_policy_is_said_where_it_stands(
    tmp_path: Path, chosen: Any, message: str
) -> None:
    """Before anything runs."""
    path = _file(tmp_path, policies={"packing": PACKING}, scheduler=chosen)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert message in str(caught.value)
    assert yaml.safe_load(path.read_text())["spec"]["scheduler"] == chosen
