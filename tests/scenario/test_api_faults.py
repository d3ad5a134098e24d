"""Faults of the API in a scenario's own words: which requests are struck, how many, for how long."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.scenario import Report, ScenarioError, load, run_scenario
from tests.manifests import deployment
from tests.scenario.test_runner import scenario

READY: dict[str, Any] = {"wait": {"podsReady": 10, "timeout": "1h"}}


def _run(tmp_path: Path, *steps: dict[str, Any], **spec: Any) -> Report:
    """A Deployment of ten, ready before the steps."""
    workloads = [{"objects": [deployment(replicas=10)]}]
    path = scenario(tmp_path, steps=[READY, *steps], workloads=workloads, **spec)
    return run_scenario(load(path))


def _errors(report: Report, verb: str, resource: str) -> int:
    return sum(c.errors for c in report.api_calls if (c.verb, c.resource) == (verb, resource))


@pytest.mark.parametrize("code", [409, 429, 500])
def test_the_next_requests_of_a_verb_and_resource_are_refused(tmp_path: Path, code: int) -> None:
    """So many and no more, and what wanted them comes about all the same."""
    fault = {"verb": "create", "resource": "pods", "code": code, "count": 4}
    report = _run(
        tmp_path,
        {"failApi": fault},
        {"rolloutRestart": {"name": "web"}},
        {"wait": {"pods": 10, "podsReady": 10, "rolledOut": "web", "timeout": "1h"}},
        expect={"apiFaults": {"equals": 4}},
    )
    assert report.outcome == "passed", (report.failure, report.expectations)
    assert _errors(report, "create", "pods") == 4


def test_a_fault_ends_with_its_time(tmp_path: Path) -> None:
    """While it lasts no pod is made; then they are."""
    fault = {"verb": "create", "resource": "pods", "code": 500, "for": "1m"}
    report = _run(
        tmp_path,
        {"failApi": fault},
        {"rolloutRestart": {"name": "web"}},
        {"name": "mended", "wait": {"rolledOut": "web", "timeout": "1h"}},
        expect={
            "stepSeconds/mended": {"atLeast": 55, "atMost": 1100},
            "apiFaults": {"atLeast": 2},
        },
    )
    assert report.outcome == "passed", (report.failure, report.expectations)


def test_an_answer_can_be_late(tmp_path: Path) -> None:
    """Callers of that verb wait, by the cluster's clock."""
    report = _run(
        tmp_path,
        {"failApi": {"verb": "create", "resource": "pods", "latencySeconds": 3}},
        {"rolloutRestart": {"name": "web"}},
        {"wait": {"rolledOut": "web", "timeout": "1h"}},
        expect={"apiCallSecondsP99": {"atLeast": 3}},
    )
    assert report.outcome == "passed", (report.failure, report.expectations)


def test_watches_end_and_nobody_misses_anything(tmp_path: Path) -> None:
    """Components list again, and go on."""
    report = _run(
        tmp_path,
        {"endWatches": "all"},
        {"scale": {"name": "web", "replicas": 12}},
        {"wait": {"podsReady": 12, "deploymentsAvailable": True}},
    )
    assert report.outcome == "passed", (report.failure, report.expectations)


def test_steps_meet_faults_only_if_they_are_named(tmp_path: Path) -> None:
    """As it comes the components are struck; with `user: "*"` a step's own request is, and it has failed."""
    fault = {"verb": "patch", "resource": "deployments.apps", "code": 429}
    step = {"scale": {"name": "web", "replicas": 3}}
    assert _run(tmp_path, {"failApi": fault}, step).outcome == "passed"
    report = _run(tmp_path, {"failApi": fault | {"user": "*"}}, step)
    assert report.failure is not None
    assert report.failure.step == "step 3 of 3: scale"
    assert "too many requests" in report.failure.message


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"code": 418}, "there is no API error of code 418; there are 401, 403"),
        ({"verb": "put", "code": 409}, "there is no verb 'put'; there are get, list"),
        ({"verb": "get"}, "a code, a latency, or both"),
        ({"resource": "deployments", "code": 409}, "did you mean 'deployments.apps'?"),
        ({"latencySeconds": -1}, "latencySeconds is a number from 0 on, not -1.0"),
        ({"code": 500, "for": "soon"}, 'expected a duration such as 30s, got "soon"'),
        ({"cod": 500}, 'there is no "cod" here; did you mean "code"?'),
    ],
)
def test_a_fault_that_would_never_happen_is_refused(
    tmp_path: Path, fault: dict[str, Any], message: str
) -> None:
    """Before anything runs, with its place in the file and its words."""
    with pytest.raises(
        ScenarioError, match=r"small\.yaml:\d+: spec\.steps\[0\]\.failApi"
    ) as caught:
        load(scenario(tmp_path, steps=[{"failApi": fault}]))
    assert message in str(caught.value)


def test_without_faults_there_is_nothing_to_count(tmp_path: Path) -> None:
    """An expectation of none of them fails as not measured."""
    report = _run(tmp_path, expect={"apiFaults": {"equals": 0}})
    assert report.outcome == "failed"
    assert report.expectations[0].measured is None
