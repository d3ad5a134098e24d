"""Runs of small scenarios: steps, measures, expectations, digests."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.scenario import Report, load, run_scenario
from tests.manifests import deployment, pod, service


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
    assert report.measures["deploymentsAvailable"] == 1
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
    assert report.failure.step == "step 1 of 1: wait"
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
            [{"crash": "node-1"}, {"sleep": "10m"}, {"wait": {"podsReady": 10}}],
            {"nodes": {"equals": 4}},
        ),
        (
            [{"removeNodes": "node-1"}, {"sleep": "5m"}, {"wait": {"podsRunning": 10, "pods": 10}}],
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
        (
            [{"setImage": {"name": "w*", "image": "web:2"}}, {"wait": {"quiet": "30s"}}],
            {"podsCreated": {"equals": 20}, "podsReady": {"equals": 10}},
        ),
        (
            [{"rolloutRestart": {"name": "web"}}, {"wait": {"quiet": "30s"}}],
            {"podsCreated": {"equals": 20}, "podsReady": {"equals": 10}},
        ),
        (
            [{"delete": {"kind": "Pod", "labels": {"app": "web"}}}, {"wait": {"quiet": "30s"}}],
            {"podsCreated": {"equals": 20}, "podsReady": {"equals": 10}},
        ),
        (
            [{"drain": {"nodes": {"group": "node", "count": 2}}}, {"wait": {"quiet": "30s"}}],
            {"podsReady": {"equals": 10}, "nodesReady": {"equals": 4}},
        ),
        (
            [{"addNodes": {"name": "node", "count": 2}}, {"addNodes": {"name": "b", "count": 1}}],
            {"nodesReady": {"equals": 7}},
        ),
        (
            [{"crash": {"nodes": {"percent": 50}, "for": "1h"}}, {"wait": {"nodesReady": 2}}],
            {"nodesReady": {"equals": 2}, "nodes": {"equals": 4}},
        ),
        (
            [
                {"crash": {"nodes": {"percent": 50}, "for": "20m"}},
                {"wait": {"nodesReady": 2}},
                {"wait": {"nodesReady": 4, "podsReady": 10, "timeout": "1h"}},
            ],
            {"virtualSeconds": {"atLeast": 1200}},
        ),
        (
            [
                {"crash": {"nodes": {"names": ["node-0"]}}},
                {"wait": {"nodesReady": 3}},
                {"restart": "node-0"},
                {"wait": {"nodesReady": 4}},
            ],
            {"nodesReady": {"equals": 4}},
        ),
        (
            [
                {"partition": {"nodes": "node-0", "for": "5m"}},
                {"wait": {"nodesReady": 3}},
                {"wait": {"nodesReady": 4}},
            ],
            {"virtualSeconds": {"atLeast": 300}},
        ),
        (
            [  # shorter than pods tolerate, so the same pods are ready again
                {"partition": {"nodes": "node-0", "for": "2m"}},
                {"wait": {"nodesReady": 3}},
                {"wait": {"nodesReady": 4, "podsReady": 10}},
            ],
            {"podsCreated": {"equals": 10}},
        ),
        (
            [  # one that has no power cannot be reached either
                {"crash": {"nodes": "node-0", "for": "1m"}},
                {"partition": {"nodes": "node-0", "for": "5m"}},
                {"wait": {"nodesReady": 3}},
                {"wait": {"nodesReady": 4}},
            ],
            {"virtualSeconds": {"atLeast": 300}},
        ),
        (
            [
                {"pause": {"nodes": "node-0", "for": "5m"}},
                {"wait": {"nodesReady": 3}},
                {"wait": {"nodesReady": 4}},
            ],
            {"virtualSeconds": {"atLeast": 300}},
        ),
        (
            [
                {"slow": {"seconds": 0.5, "for": "1m"}},
                {"scale": {"name": "web", "replicas": 20}},
                {"wait": {"podsReady": 20}},
            ],
            {
                "apiWriteSecondsP99": {"atLeast": 0.5, "atMost": 0.6},
                "podStartSecondsP99": {"atLeast": 1.5},
            },
        ),
        (
            [
                {"loseWatchEvents": {"probability": 0.5, "for": "30s"}},
                {"scale": {"name": "web", "replicas": 20}},
                {"wait": {"podsReady": 20, "quiet": "5m", "timeout": "1h"}},
            ],
            {"podsReady": {"equals": 20}},
        ),
        (
            [
                {"background": True, "at": "5m", "scale": {"name": "web", "replicas": 12}},
                {"checkpoint": "before"},
                {"when": {"pods": {"atLeast": 11}}, "sleep": "0s"},
            ],
            {"virtualSeconds": {"atLeast": 300, "atMost": 302}},
        ),
        (
            [
                {
                    "repeat": {
                        "count": 3,
                        "every": "1m",
                        "steps": [{"rolloutRestart": {"name": "web"}}],
                    }
                }
            ],
            {"virtualSeconds": {"atLeast": 120, "atMost": 130}, "podsCreated": {"atLeast": 20}},
        ),
        (
            [
                {
                    "apply": {
                        "count": 5,
                        "lifetime": 60,
                        "arrivals": {"process": "constant", "every": "10s"},
                        "objects": [
                            {
                                "apiVersion": "v1",
                                "kind": "Pod",
                                "metadata": {"name": "p-{{index}}"},
                                "spec": {"containers": [{"name": "a", "image": "a"}]},
                            }
                        ],
                    }
                },
                {"wait": {"pods": 15}},
                {"wait": {"arrived": True}},
                {"wait": {"pods": 10}},
            ],
            {"podsCreated": {"equals": 15}, "virtualSeconds": {"atLeast": 100, "atMost": 105}},
        ),
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
        ({"crash": "node-9"}, "no node 'node-9'"),
        ({"crash": "/nobody"}, "no actor /nobody"),
        ({"partition": {"nodes": "node-9", "for": "1m"}}, "no node 'node-9'"),
        ({"scale": {"name": "absent", "replicas": 1}}, "not found"),
        ({"delete": {"kind": "Pod", "name": "absent"}}, "not found"),
        ({"scale": {"name": "no-*", "replicas": 1}}, "no Deployment no-*"),
        (
            {"setImage": {"name": "web", "container": "db", "image": "x"}},
            "has no container db; it has web",
        ),
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


def test_a_wait_outlives_lost_watch_events(tmp_path: Path) -> None:
    """Whoever watches for it looks again; so do nodes that join."""
    lost = {"fault": "message", "action": "drop", "target": "/inbox*", "probability": 0.5}
    available = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "type": "Available"}
    rounds = [
        {"rolloutRestart": {"name": "web"}},
        {"wait": {"condition": available | {"status": "False"}}},
        {"wait": {"condition": available}},
        {"addNodes": {"name": "more", "count": 5}},
    ]
    objects = [deployment(replicas=10, strategy={"type": "Recreate"})]
    path = scenario(
        tmp_path,
        workloads=[{"objects": objects}],
        faults=[lost],
        steps=[{"repeat": {"count": 5, "every": "10m", "steps": rounds}}],
        expect={"nodesReady": {"equals": 29}},
    )
    report = _run(path)
    assert report.failure is None
    assert report.outcome == "passed"


def test_a_step_that_the_api_server_does_not_hear_of_has_failed(tmp_path: Path) -> None:
    """As any other: the report says which."""
    lost = {"fault": "message", "action": "drop", "message": "Patch", "sender": "", "start": 1}
    step = {"scale": {"name": "web", "replicas": 3}}
    path = scenario(tmp_path, workloads=WORKLOADS, faults=[lost], steps=[{"sleep": "5s"}, step])
    report = _run(path)
    assert report.failure is not None
    assert report.failure.step == "step 2 of 2: scale"
    assert "/apiserver did not answer Patch within 30 s" in report.failure.message


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


def test_groups_of_nodes_come_and_go(tmp_path: Path) -> None:
    nodes = [
        {"name": "base", "count": 1},
        {"name": "day", "count": 3, "joinAt": "1h", "leaveAt": "2h"},
        {"name": "early", "count": 2, "leaveAt": "30m"},
    ]
    steps = [
        {"checkpoint": "begin"},
        {"at": "45m", "checkpoint": "alone"},
        {"at": "90m", "checkpoint": "day"},
        {"at": "3h", "checkpoint": "night"},
    ]
    report = _run(scenario(tmp_path, nodes=nodes, steps=steps))
    assert report.failure is None
    assert {c.name: c.measures["nodesReady"] for c in report.checkpoints} == {
        "begin": 3,
        "alone": 1,
        "day": 4,
        "night": 1,
    }


def test_what_fails_beside_the_steps_ends_the_run(tmp_path: Path) -> None:
    steps = [
        {"background": True, "at": "1m", "crash": "node-9"},
        {"sleep": "10h"},
    ]
    report = _run(scenario(tmp_path, steps=steps))
    assert report.outcome == "failed"
    assert report.failure is not None
    assert "no node 'node-9'" in report.failure.message
    assert report.virtual_seconds < 3600


def test_the_final_state_is_expected_object_by_object(tmp_path: Path) -> None:
    wanted = [
        {"kind": "Pod", "labels": {"app": "web"}, "count": {"equals": 10}},
        {"kind": "Pod", "fields": {"status.phase": "Failed"}, "count": {"equals": 0}},
        {"kind": "Service", "name": "web", "fields": {"spec.ports[0].port": 80}},
        {"kind": "ConfigMap", "name": "absent"},
    ]
    report = _run(scenario(tmp_path, workloads=WORKLOADS, steps=[ALL_READY], objects=wanted))
    assert [(e.measure, e.holds) for e in report.expectations] == [
        ("Pod app=web", True),
        ("Pod status.phase=Failed", True),
        ("Service web spec.ports[0].port=80", True),
        ("ConfigMap absent", False),
    ]


def test_parameters_change_the_scenario(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        parameters={"nodes": 2, "each": 3, "pods": "{{nodes * each}}"},
        nodes=[{"name": "node", "count": "{{nodes}}"}],
        workloads=[{"objects": [deployment(replicas=1) | {}]}],
        steps=[
            {"scale": {"name": "web", "replicas": "{{pods}}"}},
            {"wait": {"podsReady": "{{pods}}"}},
        ],
        expect={"podsReady": {"equals": "{{nodes * 3}}"}},
    )
    assert _run(path).pods == 6
    report = run_scenario(load(path, {"nodes": "5"}))
    assert (report.nodes, report.pods, report.outcome) == (5, 15, "passed")
    assert report.parameters == {"nodes": 5, "each": 3, "pods": 15}


def test_a_report_holds_what_was_measured(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        workloads=WORKLOADS,
        simulation={"containers": {"startSeconds": "uniform(1, 3)"}},
        steps=[ALL_READY, {"checkpoint": "ready"}, {"sleep": "1h"}],
        serviceLevels=["apiCallLatency", "podStartupLatency"],
    )
    report = _run(path)
    assert report.outcome == "passed"
    assert report.latencies["podStart"].count == 10
    assert 1 <= report.latencies["podStart"].p50 <= 3
    calls = {(c.verb, c.resource): c for c in report.api_calls}
    assert calls["create", "pods"].count == 10
    assert calls["create", "pods"].work_seconds.count == 10
    assert calls["update", "pods/status"].count >= 20
    series = report.series
    assert series.columns["podsReady"][-1] == 10
    assert list(series.virtual_seconds) == sorted(series.virtual_seconds)
    assert series.digests[-1] == report.digest
    (used,) = [u for u in report.resources if u.resource == "pods"]
    assert used.group == "node"
    assert used.requested_end == 10 < used.allocatable
    assert {m.resource for m in report.heat_maps} == {"pods"}
    assert any(a.path == "/nodes/*/kubelet" and a.actors == 4 for a in report.actors)
    assert [s.name for s in report.steps] == [
        "step 1 of 3: wait",
        "step 2 of 3: checkpoint",
        "step 3 of 3: sleep",
    ]
    assert report.checkpoints[0].measures["podsReady"] == 10
    assert report.measures["messages"] > 100


def test_a_report_holds_the_queues_in_which_anybody_waited(tmp_path: Path) -> None:
    """Mailboxes, work queues and the scheduler's, by the names of Kubernetes' metrics."""
    objects = [deployment(f"web-{n}", replicas=1) for n in range(40)]
    path = scenario(
        tmp_path,
        nodes=[{"name": "node", "count": 2, "capacity": {"pods": "3"}}],
        workloads=[{"objects": objects}],
        steps=[
            {"slow": {"seconds": 0.5, "for": "2m"}},
            {"rolloutRestart": {"name": "web-*"}},
            {"sleep": "10m"},
        ],
    )
    report = _run(path)
    queues = {queue.name: queue for queue in report.queues}
    unbound = report.pods - report.measures["podsBound"]
    assert unbound >= 34
    pending = queues["scheduler_pending_pods unschedulable"]
    assert pending.max == queues["pods without a node"].max == unbound
    assert 0 < pending.mean < unbound
    assert queues["workqueue_depth deployment"].max > 1
    assert "workqueue_depth job" not in queues
    column = report.series.columns["queue/scheduler_pending_pods unschedulable"]
    assert column[-1] == unbound
    assert 0 in column  # also while nobody waits


def test_nodes_of_a_group_have_kubelets_of_their_own(tmp_path: Path) -> None:
    """Its thresholds and the number of its pods; another group has none."""
    greedy = pod("greedy", simulation={"memory": 900 << 20})
    greedy["spec"]["nodeSelector"] = {"tight": "yes"}
    roomy = pod("roomy", simulation={"memory": 900 << 20})
    roomy["spec"]["nodeSelector"] = {"tight": "no"}
    kubelet = {"evictionHard": {"memory.available": "20%"}, "maxPods": 1}
    group = {"count": 1, "capacity": {"memory": "1Gi"}}
    path = scenario(
        tmp_path,
        nodes=[
            {"name": "small", **group, "labels": {"tight": "yes"}, "kubelet": kubelet},
            {"name": "large", **group, "labels": {"tight": "no"}},
        ],
        workloads=[{"objects": [greedy, roomy]}],
        steps=[{"sleep": "1m"}],
    )
    report = _run(path)
    assert (report.measures["podsFailed"], report.measures["podsRunning"]) == (1, 1)
    offered = {u.group: u.allocatable for u in report.resources if u.resource == "pods"}
    assert offered == {"small": 1, "large": 110}


def test_nodes_that_never_come_up_are_a_failure(tmp_path: Path) -> None:
    fault = {"fault": "message", "action": "drop", "sender": "/nodes/node-1/*"}
    report = _run(scenario(tmp_path, faults=[fault], steps=[{"sleep": "1s"}]))
    assert report.outcome == "failed"
    assert report.failure is not None
    assert "1 nodes are not Ready within 60 s: node-1" in report.failure.message
