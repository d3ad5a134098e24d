"""Common mistakes in scenario files, and what is said of them."""

from pathlib import Path

import pytest

from orchestrator.scenario import ScenarioError, load
from orchestrator.scenario.shipped import find_scenario, propose, shipped_scenarios

HEAD = """apiVersion: orchestrator/v1alpha1
kind: Scenario
metadata: {name: small}
spec:
  parameters: {nodes: 3}
"""


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (
            "  nodes: [{name: node, count: 3}]\n  step: []\n",
            'small.yaml:7: spec: there is no "step" here; did you mean "steps"?',
        ),
        (
            "  nodes: [{name: node, coutn: 3}]\n",
            'small.yaml:6: spec.nodes[0]: there is no "coutn" here; did you mean "count"?',
        ),
        (
            "  nodes: [{name: node, count: 3}]\n  steps:\n    - wait: {deploymentAvailable: true}\n",
            'spec.steps[0].wait: there is no "deploymentAvailable" here; '
            'did you mean "deploymentsAvailable"?',
        ),
        (
            "  nodes: [{name: node, count: 3}]\n  steps:\n    - checkpoint: {name: x}\n",
            "spec.steps[0].checkpoint: expected a text, got a mapping",
        ),
        (
            "  nodes: [{name: node, count: three}]\n",
            "spec.nodes[0].count: expected a whole number, got a text",
        ),
        (
            "  nodes: [{name: node, count: 3}]\n  simulation: {proxies: 1}\n",
            "spec.simulation.proxies: expected true or false, got a whole number",
        ),
        (
            "  nodes: [{name: node, count: 3}]\n"
            "  workloads: [{objects: [{apiVersion: v1, kind: ConfigMap, metadata: {generateName: a}}]}]\n",
            "spec.workloads[0].objects[0].metadata.name: expected a name",
        ),
        (
            "  nodes: [{name: node, count: 3}]\n  objects: [{kind: Job}]\n",
            'small.yaml:7: spec.objects[0].kind: no matches for kind "Job" in version "v1"',
        ),
        (
            "  nodes: [{name: node, count: 3}]\n  objects: [{kind: Pod, labels: {a: -b}}]\n",
            "spec.objects[0].labels: unable to parse requirement",
        ),
        (
            "  nodes: [{name: node, count: 3}]\n  objects: [{kind: Pod, fields: {'spec.containers[x]': 1}}]\n",
            'spec.objects[0].fields["spec.containers[x]"]: invalid array index x',
        ),
        (
            "  nodes: [{name: node, count: 3}]\n"
            "  steps:\n    - delete: {kind: Pod, labels: {a: b c}}\n",
            "spec.steps[0].delete.labels: ",
        ),
        (
            "  nodes: [{name: node, count: {{nodes}}}]\n",
            "small.yaml:6: an expression must be quoted, for YAML takes a brace for a mapping: "
            '"{{nodes}}"',
        ),
        (
            "  nodes:\n    - name: node\n      count: {{nodes}}\n",
            "small.yaml:8: an expression must be quoted",
        ),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_file(
    tmp_path: Path, rest: str, message: str
) -> None:
    """Where it is, and what was meant; never in Python's words."""
    path = tmp_path / "small.yaml"
    path.write_text(HEAD + rest)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    told = str(caught.value)
    assert message in told
    assert not any(f'"{word}"' in told for word in ("str", "int", "object", "bool"))


def test_a_quoted_expression_is_none_of_these(tmp_path: Path) -> None:
    """Another mistake in the same file is told as what it is."""
    path = tmp_path / "small.yaml"
    path.write_text(HEAD + '  nodes: [{name: node, count: "{{nodes}}"}]\n  steps: [a: b: c]\n')
    with pytest.raises(ScenarioError, match=r"small\.yaml: 7:"):
        load(path)


def test_shipped_scenarios_are_found_by_their_names() -> None:
    """And a path is a path."""
    known = shipped_scenarios()
    assert {"density", "limits", "openb"} <= set(known)
    assert find_scenario(Path("density")) == known["density"]
    assert find_scenario(Path("nowhere/density")) == Path("nowhere/density")
    assert propose(Path("desnity.yaml")).startswith('; did you mean "density"?')
