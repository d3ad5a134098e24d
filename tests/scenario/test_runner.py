"""Runs of small scenarios: steps, measures, expectations, digests."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.scenario import Report, load, run_scenario
from tests.manifests import deployment, service


def scenario(tmp_path: Path, **spec: Any) -> Path:
    """A file with four nodes and what is given."""
    document = {
        "apiVersion": "orchestrator/v1alpha1",
        "kind": "Scenario",
        "metadata": {"name": "small"},
        "spec": {"nodes": [{"name": "node", "count": 4}], **spec},
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


WORKLOADS: list[dict[str, Any]] = [{"objects": [deployment(replicas=10), service()]}]
ALL_READY: dict[str, Any] = {"wait": {"podsReady": 10, "deploymentsAvailable": True}}


def _run(path: Path, seed: int | None = None) -> Report:
    return run_scenario(load(path), seed=seed)


def test_it_measures_what_came_of_it(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        workloads=WORKLOADS,
        steps=[ALL_READY],
        expect={"podsRunning": {"equals": 10}, "nodes": {"atLeast": 4, "atMost": 4}},
    )
    report = _run(path)
    assert report.outcome == "passed"
    assert (report.nodes, report.pods, report.pods_running) == (4, 10, 10)
    assert report.measures.deployments_available == 1
    assert report.virtual_seconds > 0
    assert report.writes["pods"] >= 40
    assert [e.holds for e in report.expectations] == [True, True, True]


def test_an_expectation_that_does_not_hold_is_a_failure(tmp_path: Path) -> None:
    path = scenario(
        tmp_path, workloads=WORKLOADS, steps=[ALL_READY], expect={"podsRunning": {"atLeast": 11}}
    )
    report = _run(path)
    assert report.outcome == "failed"
    assert [(e.measure, e.expected, e.measured) for e in report.expectations] == [
        ("podsRunning", "≥ 11", 10.0)
    ]


def test_a_wait_in_vain_says_what_is_missing(tmp_path: Path) -> None:
    path = scenario(
        tmp_path, workloads=WORKLOADS, steps=[{"wait": {"podsReady": 99, "timeout": "1m"}}]
    )
    report = _run(path)
    assert report.outcome == "failed"
    assert report.failure is not None
    assert report.failure.step == "step 1 of 1"
    assert report.failure.message == "not within 1m: podsReady is 10, not 99"


@pytest.mark.parametrize(
    ("steps", "expect"),
    [
        (
            [{"scale": {"name": "web", "replicas": 3}}, {"wait": {"pods": 3}}],
            {"pods": {"equals": 3}},
        ),
        (
            [
                {"delete": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
                {"wait": {"pods": 0}},
            ],
            {"pods": {"equals": 0}},
        ),
        (
            [{"crashNode": "node-1"}, {"sleep": "10m"}, {"wait": {"podsReady": 10}}],
            {"nodes": {"equals": 4}},
        ),
        (
            [{"removeNode": "node-1"}, {"sleep": "5m"}, {"wait": {"podsRunning": 10, "pods": 10}}],
            {"nodes": {"equals": 3}},
        ),
        (
            [
                {"crash": "/scheduler"},
                {"scale": {"name": "web", "replicas": 20}},
                {"wait": {"podsReady": 20}},
            ],
            {"podsReady": {"equals": 20}},
        ),
        (
            [
                {"cordon": "node-0"},
                {"apply": {"objects": [deployment(replicas=10, image="web:2")]}},
                {"sleep": "1m"},
                {"uncordon": "node-0"},
                {
                    "wait": {
                        "condition": {
                            "apiVersion": "apps/v1",
                            "kind": "Deployment",
                            "name": "web",
                            "type": "Available",
                        }
                    }
                },
            ],
            {"podsReady": {"equals": 10}},
        ),
        ([{"at": "1h", "sleep": "1s"}], {"virtualSeconds": {"atLeast": 3601, "atMost": 3602}}),
    ],
)
def test_each_step_does_what_it_says(
    tmp_path: Path, steps: list[dict[str, Any]], expect: dict[str, Any]
) -> None:
    path = scenario(tmp_path, workloads=WORKLOADS, steps=[ALL_READY, *steps], expect=expect)
    report = _run(path)
    assert report.failure is None
    assert report.outcome == "passed", report.expectations


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"crashNode": "node-9"}, "no node 'node-9'"),
        ({"crash": "/nobody"}, "no actor /nobody"),
        ({"scale": {"name": "absent", "replicas": 1}}, "not found"),
        ({"delete": {"kind": "Gadget", "name": "a"}}, "Gadget"),
        ({"apply": {"objects": [deployment(replicas=-1)]}}, "spec.replicas"),
    ],
)
def test_a_step_that_cannot_be_done_ends_the_run(
    tmp_path: Path, step: dict[str, Any], message: str
) -> None:
    report = _run(scenario(tmp_path, workloads=WORKLOADS, steps=[step]))
    assert report.outcome == "failed"
    assert report.failure is not None
    assert message in report.failure.message


def test_one_seed_one_digest_and_another_seed_another(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        workloads=WORKLOADS,
        simulation={"containers": {"startSeconds": "uniform(1, 3)"}},
        steps=[ALL_READY, {"sleep": "5m"}],
    )
    assert _run(path, 1).digest == _run(path, 1).digest
    assert _run(path, 1).digest != _run(path, 2).digest


def test_the_scenarios_own_seed_counts_unless_another_is_given(tmp_path: Path) -> None:
    path = scenario(tmp_path, workloads=WORKLOADS, steps=[ALL_READY], seed=5)
    assert _run(path).seed == 5
    assert _run(path).digest == _run(path, 5).digest


def test_faults_of_the_file_happen(tmp_path: Path) -> None:
    faults = [{"fault": "crash", "actor": "/nodes/*/kubelet", "at": 0.5}]
    report = _run(scenario(tmp_path, workloads=WORKLOADS, steps=[ALL_READY], faults=faults))
    plain = _run(scenario(tmp_path, workloads=WORKLOADS, steps=[ALL_READY]))
    assert report.outcome == "passed"
    assert report.digest != plain.digest


def test_real_time_runs_the_same_scenario(tmp_path: Path) -> None:
    path = scenario(tmp_path, workloads=WORKLOADS, steps=[ALL_READY])
    report = run_scenario(load(path), virtual=False)
    assert (report.outcome, report.clock, report.pods_running) == ("passed", "real", 10)
