"""Answers about latency and availability that are true: nothing left out without a word."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.scenario import Report, ScenarioError, load, run_scenario
from orchestrator.scenario.report import wording
from tests.manifests import deployment
from tests.scenario.test_runner import scenario


def _web(replicas: int, cpu: str = "500m") -> dict[str, Any]:
    web: dict[str, Any] = deployment(replicas=replicas)
    (container,) = web["spec"]["template"]["spec"]["containers"]
    container["resources"] = {"requests": {"cpu": cpu}}
    return web


def _run(tmp_path: Path, *, nodes: int = 4, replicas: int = 8, **spec: Any) -> Report:
    """Nodes of one core each; a pod takes half of one, and starts a second after it came there."""
    path = scenario(
        tmp_path,
        nodes=[{"name": "node", "count": nodes, "capacity": {"cpu": "1"}}],
        workloads=[{"objects": [_web(replicas)]}],
        **spec,
    )
    return run_scenario(load(path))


def test_an_expectation_over_nothing_fails(tmp_path: Path) -> None:
    """No pod ever started, so none started fast."""
    report = _run(
        tmp_path,
        nodes=0,
        steps=[{"sleep": "1m"}],
        expect={"podStartSecondsP99": {"atMost": 5}},
        serviceLevels=["podStartupLatency"],
    )
    assert report.outcome == "failed"
    assert [(e.measured, e.holds) for e in report.expectations] == [(None, False)] * 2
    assert "podStartSecondsP99" not in report.measures
    assert "podStartSecondsP99 is nothing measured, expected ≤ 5 s" in wording.reason(report)


def test_pods_that_the_indicator_leaves_out_are_counted_and_measured_beside_it(
    tmp_path: Path,
) -> None:
    """One waits a minute for a node: Kubernetes' indicator does not see it, the other measure does."""
    report = _run(
        tmp_path,
        replicas=9,
        steps=[
            {"wait": {"podsReady": 8}},
            {"at": "1m", "addNodes": {"name": "more", "count": 1, "capacity": {"cpu": "1"}}},
            {"wait": {"podsReady": 9}},
        ],
        expect={"podStartSecondsMax": {"atMost": 5}, "podStartAllSecondsMax": {"atLeast": 60}},
    )
    assert report.outcome == "passed"
    assert report.left_out == {"not schedulable at once": 1}
    assert report.measures["podStartLeftOut"] == 1
    notes = {each.measure: each.note for each in report.expectations}
    assert notes["podStartSecondsMax"] == "left out: 1 not schedulable at once"
    assert notes["podStartAllSecondsMax"] == ""
    assert (report.latencies["podStart"].count, report.latencies["podStartAll"].count) == (8, 9)


def test_a_pod_that_still_waits_counts_with_its_waiting(tmp_path: Path) -> None:
    """Its time goes on until the end of the run."""
    report = _run(tmp_path, replicas=9, steps=[{"sleep": "10m"}])
    assert report.left_out == {"not started yet": 1}
    assert report.measures["podStartAllSecondsMax"] == pytest.approx(600, abs=1)


def test_a_window_measures_what_happens_between_two_steps(tmp_path: Path) -> None:
    """Latencies, counts, writes and shares, each beside that of the whole run."""
    window = {"from": "more", "to": "there"}
    report = _run(
        tmp_path,
        steps=[
            {"wait": {"podsReady": 8}},
            {"name": "more", "at": "10m", "scale": {"name": "web", "replicas": 4}},
            {"name": "there", "wait": {"pods": 4}},
            {"name": "again", "scale": {"name": "web", "replicas": 8}},
            {"wait": {"podsReady": 8}},
        ],
        expect={
            "podsCreated": [{"equals": 12}, {**window, "equals": 0}],
            "podsDeleted": [{"equals": 4}, {**window, "equals": 4}, {"from": "again", "equals": 0}],
            "podsReady": [{"equals": 8}, {**window, "equals": 4}],
            "revisions": {**window, "atMost": 120},
            "virtualSeconds": {"to": "more", "atLeast": 600, "atMost": 600.5},
            "requestedMean/cpu/node": {"to": "more", "atLeast": 0.99},
            "podStartSecondsP99": {**window, "atMost": 5},
        },
    )
    outcomes = {each.measure: each for each in report.expectations}
    nothing = outcomes.pop("podStartSecondsP99 from more to there")
    assert (nothing.measured, nothing.holds) == (None, False)
    assert [each for each in outcomes.values() if not each.holds] == []
    assert report.measures["podsDeleted from again"] == 0


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"from": "rolout", "atMost": 1}, 'there is no step "rolout"; there are rollout, '),
        ({"from": "rollout"}, "expected equals, atLeast or atMost"),
    ],
)
def test_a_window_names_steps_that_there_are(
    tmp_path: Path, expect: dict[str, Any], message: str
) -> None:
    """And an expectation has a bound."""
    steps = [{"name": "rollout", "sleep": "1s"}, {"sleep": "1s"}]
    path = scenario(tmp_path, steps=steps, expect={"podsReady": expect})
    with pytest.raises(ScenarioError, match=message):
        load(path)


def test_replicas_on_a_node_without_power_are_missing_from_that_moment_on(tmp_path: Path) -> None:
    """Two of eight for the five minutes until they are given up, and as long as their successors take;
    the cluster itself calls them ready for the first 40 seconds.
    """
    report = _run(
        tmp_path,
        nodes=5,
        steps=[
            {"wait": {"podsReady": 8, "quiet": "1m"}},
            {"name": "dead", "crash": {"nodes": "node-0", "for": "20m"}},
            {"sleep": "30s"},
            {"checkpoint": "unnoticed"},
            {"name": "whole", "wait": {"podsTerminating": {"atLeast": 1}}},
            {"wait": {"rolledOut": "web"}},
            {"name": "end", "sleep": "1m"},
        ],
    )
    (unnoticed,) = report.checkpoints
    lost = unnoticed.measures["replicasMissing"]
    assert lost >= 1
    assert unnoticed.measures["podsReady"] == 8
    expect = {"from": "dead", "to": "end", "atLeast": 0}
    report = _run(
        tmp_path,
        nodes=5,
        steps=[
            {"wait": {"podsReady": 8, "quiet": "1m"}},
            {"name": "dead", "crash": {"nodes": "node-0", "for": "20m"}},
            {"wait": {"podsTerminating": {"atLeast": 1}}},
            {"wait": {"rolledOut": "web"}},
            {"name": "end", "sleep": "1m"},
        ],
        expect=dict.fromkeys(
            ("recoverySeconds", "missingPodSeconds", "incompleteSeconds", "replicasMissingMax"),
            expect,
        ),
    )
    recovery, area, incomplete, most = (each.measured for each in report.expectations)
    assert recovery is not None
    assert 300 < recovery < 420
    assert incomplete == recovery
    assert area == pytest.approx(lost * recovery)
    assert most == lost


def test_a_wait_for_missing_replicas_begins_with_the_power_and_not_with_the_cluster(
    tmp_path: Path,
) -> None:
    """The rollout is complete while nobody has noticed; nothing is missing only when pods run elsewhere."""
    steps = [
        {"wait": {"podsReady": 8, "quiet": "1m"}},
        {"crash": {"nodes": "node-0"}},
        {"name": "unnoticed", "wait": {"rolledOut": "web", "replicasMissing": {"atLeast": 1}}},
        {"name": "recovered", "wait": {"replicasMissing": 0}},
    ]
    expect = {
        "stepSeconds/unnoticed": {"equals": 0},
        "stepSeconds/recovered": {"atLeast": 300},
        "recoverySeconds": {"from": "unnoticed", "to": "recovered", "atLeast": 300},
    }
    report = _run(tmp_path, nodes=5, steps=steps, expect=expect)
    assert report.outcome == "passed", wording.reason(report)


def test_how_long_each_step_took_is_a_measure(tmp_path: Path) -> None:
    """From the moment at which its action begins; steps of one name together."""
    steps = [
        {"name": "rest", "sleep": "10s"},
        {"name": "rest", "at": "1m", "sleep": "20s"},
    ]
    report = _run(tmp_path, steps=steps, expect={"stepSeconds/rest": {"equals": 30}})
    assert report.outcome == "passed"


def test_a_wait_in_vain_says_why_pods_are_pending(tmp_path: Path) -> None:
    """In the scheduler's words, and it is the first line of the summary."""
    report = _run(tmp_path, replicas=11, steps=[{"wait": {"podsReady": 11, "timeout": "1m"}}])
    assert report.failure is not None
    assert report.failure.message.startswith(
        "not within 1m: podsReady is 8, not 11; 3 pending: 0/4 nodes are available: "
        "4 Insufficient cpu."
    )
    assert wording.reason(report).startswith("step 1 of 1: wait: not within 1m")


def test_rolled_out_is_when_no_old_pod_is_left(tmp_path: Path) -> None:
    """Unlike a number of ready pods, which a rollout never falls below."""
    steps = [
        {"wait": {"rolledOut": "web"}},
        {"setImage": {"name": "web", "image": "web:2"}},
        {"wait": {"podsReady": {"atLeast": 6}}},
        {"checkpoint": "ready"},
        {"wait": {"rolledOut": {"name": "w*"}}},
    ]
    objects = [
        {"kind": "Pod", "fields": {"spec.containers[0].image": "web:2"}, "count": {"equals": 8}}
    ]
    report = _run(tmp_path, nodes=6, steps=steps, objects=objects)
    assert report.outcome == "passed", report.failure
    assert report.checkpoints[0].virtual_seconds < report.virtual_seconds


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("wbe", "not within 5s: there is no Deployment wbe in default"),
        ("web", "not within 5s: Deployment web: 8 of 9 updated replicas are available"),
    ],
)
def test_a_rollout_in_vain_says_what_is_left(tmp_path: Path, wanted: str, message: str) -> None:
    """As kubectl does."""
    steps = [{"wait": {"rolledOut": wanted, "timeout": "5s"}}]
    report = _run(tmp_path, replicas=9, steps=steps)
    assert report.failure is not None
    assert report.failure.message.startswith(message)


def test_a_rollout_whose_deadline_has_passed_ends_the_wait(tmp_path: Path) -> None:
    """It would not go on by itself."""
    web = _web(9)
    web["spec"]["progressDeadlineSeconds"] = 60
    path = scenario(
        tmp_path,
        nodes=[{"name": "node", "count": 4, "capacity": {"cpu": "1"}}],
        workloads=[{"objects": [web]}],
        steps=[{"wait": {"rolledOut": "web", "timeout": "1h"}}],
    )
    report = run_scenario(load(path))
    assert report.failure is not None
    assert report.failure.message == "Deployment web exceeded its progress deadline"
    assert report.virtual_seconds < 120
