"""What the meter says of whole runs."""

from pathlib import Path

from orchestrator.scenario import load, run_scenario
from tests.manifests import deployment
from tests.scenario.test_runner import scenario


def test_amounts_that_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    """Tenths of a core have no exact sum as fractions: what is requested in the end is none at all."""
    web = deployment(replicas=13)
    (container,) = web["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"requests": {"cpu": "100m", "memory": "1Mi"}}
    steps = [
        {"wait": {"podsReady": 13}},
        {"scale": {"name": "web", "replicas": 0}},
        {"wait": {"pods": 0}},
    ]
    report = run_scenario(load(scenario(tmp_path, workloads=[{"objects": [web]}], steps=steps)))
    (cpu,) = (use for use in report.resources if use.resource == "cpu")
    assert cpu.requested_max == 1.3
    assert cpu.requested_end == 0.0


def test_a_checkpoint_knows_how_many_messages_were_handled_by_then(tmp_path: Path) -> None:
    steps = [{"checkpoint": "begun"}, {"sleep": "1m"}, {"checkpoint": "later"}]
    report = run_scenario(load(scenario(tmp_path, steps=steps)))
    begun, later = (each.measures["messages"] for each in report.checkpoints)
    assert 0 < begun < later <= report.measures["messages"]
