"""Jobs, CronJobs and their schedules."""

from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.api.batch.v1 import CronJob, Job
from orchestrator.api.codec import from_dict
from orchestrator.apiserver.kinds.batch.job_policies import count_indexes
from orchestrator.apiserver.kinds.batch.warnings import cron_job_warnings
from orchestrator.machinery.cron import schedule_error
from tests.apiserver.validation.support import edit, faults, status_faults, update_faults

# As a new job is after it got its selector.
JOB: dict[str, Any] = {
    "metadata": {"name": "sum", "namespace": "default", "uid": "1-2-3"},
    "spec": {
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "1-2-3"}},
        "template": {
            "metadata": {
                "labels": {
                    "batch.kubernetes.io/controller-uid": "1-2-3",
                    "batch.kubernetes.io/job-name": "sum",
                    "controller-uid": "1-2-3",
                    "job-name": "sum",
                }
            },
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "sum", "image": "busybox"}],
            },
        },
    },
}
RULES = "spec.podFailurePolicy.rules"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        (
            {"spec.template.spec.restartPolicy": "Always"},
            [
                'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", '
                '"Never"'
            ],
        ),
        (
            {"spec.backoffLimit": -1},
            ["spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"spec.completionMode": "Indexed"},
            [],
        ),
        (
            {"spec.completionMode": "Indexed", "spec.parallelism": 2},
            ["spec.completions: Required value: when completion mode is Indexed"],
        ),
        (
            {"spec.backoffLimitPerIndex": 1},
            ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
        ),
        (
            {"spec.manualSelector": True, "spec.selector": None, "spec.template.metadata": {}},
            [
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: null: `selector` does not match "
                "template `labels`",
            ],
        ),
        (
            {"spec.selector": {"matchLabels": {"app": "x"}}},
            [
                'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: `selector` not '
                "auto-generated",
                "spec.template.metadata.labels: Invalid value: {"
                '"batch.kubernetes.io/controller-uid":"1-2-3","batch.kubernetes.io/job-name":"sum",'
                '"controller-uid":"1-2-3","job-name":"sum"}: `selector` does not match template '
                "`labels`",
            ],
        ),
        (
            {f"{RULES}": [{"action": "FailJob"}]},
            [
                f"{RULES}[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is "
                "required"
            ],
        ),
        (
            {RULES: [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3, 0]}}]},
            [
                f"{RULES}[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In "
                "operator",
                f"{RULES}[0].onExitCodes.values: Invalid value: [3,0]: must be ordered",
            ],
        ),
    ],
)
def test_jobs(changes: dict[str, Any], expected: list[str]) -> None:
    """Counts, modes, restart policies, selectors and policies."""
    assert faults(Job, edit(JOB, changes)) == expected


def test_what_of_a_job_stays() -> None:
    """Completions, modes and, once it runs, its template; parallelism may change."""
    assert update_faults(Job, edit(JOB, {"spec.parallelism": 5, "spec.completions": 1}), JOB) == []
    assert update_faults(Job, edit(JOB, {"spec.completions": 2}), JOB) == [
        "spec.completions: Invalid value: 2: field is immutable"
    ]
    (fault,) = update_faults(Job, edit(JOB, {"spec.template.spec.containers.0.image": "b"}), JOB)
    assert fault.startswith("spec.template: Invalid value: {")
    assert fault.endswith(": field is immutable")


def test_a_held_job_may_be_moved() -> None:
    """While it is suspended and never ran, a job's pods may be sent elsewhere."""
    held = edit(JOB, {"spec.suspend": True})
    moved = edit(held, {"spec.template.spec.nodeSelector": {"zone": "a"}})
    assert update_faults(Job, moved, held) == []
    assert update_faults(Job, edit(moved, {"spec.suspend": False}), edit(JOB, {})) != []


def test_the_end_of_a_job() -> None:
    """A finished job has no active pods, and stays finished."""
    done = {"type": "Complete", "status": "True"}
    old = edit(JOB, {"status": {"conditions": [done]}})
    new = edit(JOB, {"status": {"active": 1, "completionTime": "2024-01-01T00:00:00Z"}})
    assert status_faults(Job, new, old) == [
        'status.completionTime: Invalid value: "2024-01-01T00:00:00Z": cannot set completionTime '
        "when there is no Complete=True condition",
        "status.conditions: Invalid value: cannot disable the terminal Complete=True condition",
    ]


CRON: dict[str, Any] = {
    "metadata": {"name": "nightly", "namespace": "default"},
    "spec": {
        "schedule": "0 3 * * *",
        "jobTemplate": {"spec": {"template": JOB["spec"]["template"]}},
    },
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"spec.schedule": ""}, ["spec.schedule: Required value"]),
        (
            {"spec.schedule": "0 3 * *"},
            [
                'spec.schedule: Invalid value: "0 3 * *": expected exactly 5 fields, found 4: '
                "[0 3 * *]"
            ],
        ),
        (
            {"spec.schedule": "TZ=UTC 0 3 * * *"},
            [
                'spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": cannot use TZ or CRON_TZ in '
                "schedule, use timeZone field instead"
            ],
        ),
        (
            {"spec.timeZone": "Mars/Olympus"},
            ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
        ),
        ({"spec.timeZone": "Europe/Berlin"}, []),
        (
            {"spec.concurrencyPolicy": "Queue"},
            [
                'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", '
                '"Forbid", "Replace"'
            ],
        ),
        (
            {"metadata.name": "x" * 53},
            [f'metadata.name: Invalid value: "{"x" * 53}": must be no more than 52 characters'],
        ),
        (
            {"spec.jobTemplate.spec.selector": {}},
            [
                "spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated"
            ],
        ),
    ],
)
def test_cron_jobs(changes: dict[str, Any], expected: list[str]) -> None:
    """Schedules, zones, policies, and room in the name for the time."""
    assert faults(CronJob, edit(CRON, changes)) == expected


@pytest.mark.parametrize(
    ("schedule", "error"),
    [
        ("*/5 0-6 1,15 jan-mar MON-fri", ""),
        ("@daily", ""),
        ("@every 1h30m", ""),
        ("5/10 * * * ?", ""),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
        (
            "@every soon",
            'failed to parse duration @every soon: time: invalid duration "soon"',
        ),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* 5-3 * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/1/2 * * * *", "too many slashes: */1/2"),
        (
            "a * * * *",
            'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax',
        ),
    ],
)
def test_schedules(schedule: str, error: str) -> None:
    """The grammar of cron, and what is said of its mistakes."""
    assert schedule_error(schedule) == error


@pytest.mark.parametrize(
    ("text", "total", "error"),
    [
        ("", 0, ""),
        ("1,3-5", 4, ""),
        ("5", 0, 'too large index: "5"'),
        ("3,1", 0, "non-increasing order, previous: 3, current: 1"),
        ("a", 0, 'cannot convert string to integer for index: "a"'),
    ],
)
def test_indexes(text: str, total: int, error: str) -> None:
    """Lists of indexes grow and stay below the number of completions."""
    assert count_indexes(text, 5 if text == "5" else 6) == (total, error)


_DONE = {"type": "Complete", "status": "True"}
_MET = {"type": "SuccessCriteriaMet", "status": "True"}
_GONE = {"type": "Failed", "status": "True"}
_TIMES = {"startTime": "2024-01-01T00:00:00Z", "completionTime": "2024-01-01T00:01:00Z"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            {},
            {"active": 1, "ready": 2},
            "status.ready: Invalid value: 2: cannot set more ready pods than active",
        ),
        (
            {"failed": 2},
            {"failed": 1},
            "status.failed: Invalid value: 1: cannot decrease the failed counter",
        ),
        (
            {"succeeded": 2},
            {"succeeded": 1},
            "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
        ),
        (
            {},
            {"completedIndexes": "1"},
            'status.completedIndexes: Invalid value: "1": cannot set non-empty completedIndexes when '
            "non-indexed completion mode",
        ),
        (
            {},
            {"conditions": [_DONE], **_TIMES},
            "status.conditions: Invalid value: cannot set Complete=True condition without the "
            "SuccessCriteriaMet=true condition",
        ),
        (
            {},
            {"conditions": [_GONE], "startTime": _TIMES["startTime"]},
            "status.conditions: Invalid value: cannot set Failed=True condition without the "
            "FailureTarget=true condition",
        ),
        (
            {},
            {"conditions": [_DONE, _MET], **_TIMES, "terminating": 1},
            "status.terminating: Invalid value: 1: terminating>0 is invalid for finished job",
        ),
        (
            {"conditions": [_MET]},
            {},
            "status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition",
        ),
        (
            {"startTime": "2024-01-01T00:00:00Z"},
            {"startTime": "2024-01-02T00:00:00Z"},
            'status.startTime: Invalid value: "2024-01-02T00:00:00Z": field is immutable for '
            "unsuspended job once set",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_status_is_consistent_and_does_not_go_back(
    old: dict[str, Any], new: dict[str, Any], fault: str
) -> None:
    """Whoever writes it, as the controllers of `managedBy` do."""
    assert status_faults(Job, edit(JOB, {"status": new}), edit(JOB, {"status": old})) == [fault]


def test_a_status_that_was_wrong_before_may_stay_so() -> None:
    """Only what changes is judged: a change of the spec may have made it wrong."""
    wrong = {"active": 1, "ready": 2}
    before = edit(JOB, {"status": wrong})
    assert status_faults(Job, edit(JOB, {"status": {**wrong, "failed": 1}}), before) == []


def test_a_cron_job_is_warned_of_its_jobs_with_a_new_generation() -> None:
    """Which says that its spec has changed; labels are no reason."""
    labels = {"beta.kubernetes.io/os": "linux"}
    pods = {"spec": {"containers": [{"name": "c", "image": "i"}], "nodeSelector": labels}}
    document = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": pods}}}
    old = from_dict({"metadata": {"name": "c"}, "spec": document}, CronJob)
    new = replace(old, metadata=replace(old.metadata, generation=2))
    (warning,) = cron_job_warnings(new, old)
    assert warning.startswith(
        "spec.jobTemplate.spec.template.spec.nodeSelector[beta.kubernetes.io/os]"
    )
    assert not list(
        cron_job_warnings(replace(old, metadata=replace(old.metadata, labels=labels)), old)
    )
