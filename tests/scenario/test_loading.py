"""A scenario file that is wrong: each fault is one message that says where."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from orchestrator.scenario import ScenarioError, load
from tests.scenario.traces.test_openb import NODES, PODS

GOOD: dict[str, Any] = {
    "apiVersion": "orchestrator/v1alpha1",
    "kind": "Scenario",
    "metadata": {"name": "small"},
    "spec": {
        "nodes": [{"name": "node", "count": 2}],
        "workloads": [
            {
                "count": 3,
                "objects": [
                    {
                        "apiVersion": "v1",
                        "kind": "ConfigMap",
                        "metadata": {"name": "c{{index}}-{{index % 2}}"},
                    }
                ],
            }
        ],
        "steps": [{"wait": {"pods": 0}}],
        "expect": {"pods": {"equals": 0}},
    },
}


def _changed(path: str, value: Any) -> dict[str, Any]:
    document: Any = yaml.safe_load(yaml.safe_dump(GOOD))
    where: Any = document
    *steps, last = [int(p) if p.isdecimal() else p for p in path.split("/")]
    for step in steps:
        where = where[step]
    where[last] = value
    return document  # type: ignore[no-any-return]


def _write(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def test_a_good_file_is_expanded(tmp_path: Path) -> None:
    loaded = load(_write(tmp_path, GOOD))
    assert [spec.name for spec in loaded.groups[0].specs(0, 0)] == ["node-0", "node-1"]
    (workload,) = loaded.workloads
    made: list[Any] = [each for a in workload.items(Random(0)) for each in a.objects]
    names = [each["metadata"]["name"] for each in made]
    assert names == ["c0-0", "c1-1", "c2-0"]


@pytest.mark.parametrize("file", sorted(Path("benchmarks").glob("*.yaml")), ids=lambda f: f.stem)
def test_the_shipped_scenarios_are_right(file: Path, tmp_path: Path) -> None:
    parameters = {}
    if file.stem in ("openb", "openb-fgd"):
        for nodes in ("all", "gpu"):
            (tmp_path / f"openb_node_list_{nodes}_node.csv").write_text(NODES)
        (tmp_path / "openb_pod_list_default.csv").write_text(PODS)
        parameters["folder"] = str(tmp_path)
    assert load(file, parameters).scenario.metadata.name == file.stem


WRONG: list[tuple[str, Any, str]] = [
    ("kind", "Scenery", "kind"),
    ("apiVersion", "v1", "apiVersion"),
    ("spec/nodes/0/count", "many", "spec.nodes[0].count"),
    ("spec/simulation", {"controllers": ["nobody"]}, "spec.simulation.controllers[0]"),
    ("spec/nodes/0/count", -1, "spec.nodes[0].count: expected 0 or more"),
    ("spec/nodes/0/cuont", 1, "cuont"),
    ("spec/nodes/0/capacity", {"cpu": "lots"}, "spec.nodes[0].capacity.cpu: expected a quantity"),
    (
        "spec/nodes/0/kubelet",
        {"evictionHrad": {}},
        'spec.nodes[0].kubelet: there is no "evictionHrad" here; did you mean "evictionHard"?',
    ),
    (
        "spec/nodes/0/kubelet",
        {"crashLoopBackOff": {"maxContainerRestartPeriod": "1h"}},
        "spec.nodes[0].kubelet.crashLoopBackOff.maxContainerRestartPeriod: (got: 3600 seconds)",
    ),
    ("spec/nodes/0/kubelet", {"staticPodPath": "x"}, "spec.nodes[0].kubelet.staticPodPath: "),
    ("spec/workloads/0/objects/0/kind", "ConfigMop", "ConfigMop"),
    ("spec/workloads/0/objects/0/dota", {}, "dota"),
    ("spec/workloads/0/file", "x.yaml", "either objects or file"),
    ("spec/workloads/0", {"file": "absent.yaml"}, "cannot read"),
    ("spec/steps/0", {}, "expected exactly one of"),
    ("spec/steps/0", {"sleep": "1s", "crash": "/scheduler"}, "got crash and sleep"),
    ("spec/steps/0/wait", {}, "what to wait for"),
    ("spec/steps/0/wait/timeout", "soon", "expected a duration"),
    ("spec/steps/0/at", "10 parsecs", "expected a duration"),
    ("spec/expect/pots", {"equals": 1}, "spec.expect.pots: no such measure; there are"),
    ("spec/simulation", {"containers": {"startSeconds": "uniform(1)"}}, "startSeconds"),
    ("spec/faults", [{"fault": "meteor"}], "spec.faults[0]"),
    ("spec/steps/0", {"cordon": {"group": "nobody"}}, "there is no group nobody"),
    ("spec/steps/0", {"pause": {"nodes": "node-0"}}, "expected for how long"),
    ("spec/steps/0", {"partition": {}}, "either nodes or component"),
    ("spec/steps/0", {"crash": {"nodes": {"percent": 101}}}, "from 0 to 100"),
    ("spec/steps/0", {"repeat": {"count": 0, "every": "1s", "steps": []}}, "expected 1 or more"),
    ("spec/steps/0", {"slow": {"seconds": 1, "for": "x"}}, "expected a duration"),
    ("spec/steps/0", {"delete": {"kind": "Gadget", "name": "a"}}, "Gadget"),
    ("spec/workloads/0/values", {"cpu": "choice(a: b)"}, "weight"),
    ("spec/workloads/0/values", {"cpu": "some"}, "choice(a, b: 2)"),
    ("spec/workloads/0/arrivals", {"process": "poisson", "every": "0s"}, "more than 0s"),
    ("spec/workloads/0/arrivals", {"process": "tidal", "every": "1s"}, "arrivals"),
    ("spec/workloads/0/trace", "none", "either objects or file or trace"),
    ("spec/traces", {"a": {"format": "tape", "path": "."}}, 'no importer "tape"'),
    ("spec/traces", {"a": {"format": "openb", "path": "absent"}}, "absent"),
    ("spec/parameters", {"index": 1}, "spec.parameters.index"),
    ("spec/nodes/0/count", "{{nodes}}", "there is no parameter nodes"),
    ("spec/nodes/0/count", "{{1 +}}", "expected an expression"),
    ("spec/nodes/0/count", "{{1 / 0}}", "cannot be computed"),
    ("spec/nodes/0/leaveAt", "0s", "after the group has joined"),
    ("spec/nodes", [{"name": "a", "count": 1}, {"name": "a", "count": 1}], "two groups"),
    ("spec/simulation", {"heartbeats": "none"}, "heartbeats"),
    ("spec/serviceLevels", ["speed"], "serviceLevels"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, path: str, value: Any, message: str) -> None:
    file = _write(tmp_path, _changed(path, value))
    with pytest.raises(ScenarioError) as refused:
        load(file)
    text = str(refused.value)
    assert message in text
    assert text.startswith(str(file))
    assert "\n" not in text


def test_the_line_is_given(tmp_path: Path) -> None:
    text = "apiVersion: orchestrator/v1alpha1\nkind: Scenario\nmetadata: {name: a}\nspec:\n  nodes:\n  - name: node\n    count: none\n"
    with pytest.raises(ScenarioError, match=r"scenario\.yaml:7: spec\.nodes\[0\]\.count"):
        load(_write(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a: [", "a: 1\n---\nb: 2\n", "\x00", "{{index}}", "!!python/object:os.system"],
)
def test_what_is_no_scenario_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError):
        load(_write(tmp_path, text))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(tmp_path / "absent.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="UTF-8"):
        load(binary)
