"""Reports with plausible numbers, for the tests that draw and compare them."""

import hashlib
import math
import random
from typing import Any

from orchestrator.scenario.measures.figures import (
    ActorUse,
    ApiCalls,
    Checkpoint,
    HeatMap,
    Outcome,
    Pause,
    Pauses,
    QueueUse,
    ResourceUse,
    Series,
    StepRecord,
    Summary,
)
from orchestrator.scenario.report.model import (
    Environment,
    Report,
    Spread,
    SweepCell,
    SweepReport,
    SweepRun,
)

ENVIRONMENT = Environment(
    python="3.11.7",
    system="Linux 6.1",
    machine="x86_64",
    cpus=2,
    packages={"orchestrator": "0.1.0", "msgspec": "0.22.0", "numpy": "2.4.6"},
)
TEXT = """\
apiVersion: orchestrator/v1alpha1
kind: Scenario
metadata: {name: density}
spec:
  nodes: [{name: node, count: 1000}]
"""
GROUPS = ("general", "gpu-v100", "spot")


def summary(
    rng: random.Random, middle: float, count: int = 5000, *, spread: float = 0.6
) -> Summary:
    """A lognormal distribution about `middle` seconds, in buckets that grow by a tenth."""
    if not count:
        return Summary()
    values = sorted(middle * math.exp(rng.gauss(0, spread)) for _ in range(min(count, 2000)))
    buckets: dict[float, int] = {}
    for value in values:
        bound = 1.1 ** math.ceil(math.log(value, 1.1))
        buckets[bound] = buckets.get(bound, 0) + 1
    return Summary(
        count=count,
        mean=sum(values) / len(values),
        p50=values[len(values) // 2],
        p90=values[len(values) * 9 // 10],
        p99=values[len(values) * 99 // 100],
        max=values[-1],
        buckets=tuple(sorted(buckets.items())),
    )


def series(
    rng: random.Random, samples: int = 512, pods: int = 30_000, end: float = 300.0
) -> Series:
    """Pods that arrive, run, and for a part succeed or fail, in a cluster that fills."""
    times = tuple(end * (i / max(samples - 1, 1)) ** 1.3 for i in range(samples))
    done = [min(1.0, 1.25 * t / end) for t in times]
    scheduled = [float(int(pods * d)) for d in done]
    started = [float(int(pods * max(0.0, d - 0.06) / 0.94)) for d in done]
    failed = [float(int(s * 0.02)) for s in started]
    succeeded = [float(int(s * 0.3 * d)) for s, d in zip(started, done, strict=True)]
    columns: dict[str, tuple[float | None, ...]] = {
        "podsScheduled": tuple(scheduled),
        "podsStarted": tuple(started),
        "podsPending": tuple(
            float(pods) * min(1, d * 4) - s for d, s in zip(done, started, strict=True)
        ),
        "podsRunning": tuple(s - f - g for s, f, g in zip(started, failed, succeeded, strict=True)),
        "podsSucceeded": tuple(succeeded),
        "podsFailed": tuple(failed),
    }
    for queue in ("/apiserver mailbox", "pods without a node"):
        columns[f"queue/{queue}"] = tuple(rng.uniform(0, 900) * (1 - d) for d in done)
    for resource in ("cpu", "memory", "nvidia.com/gpu"):
        for i, group in enumerate(GROUPS):
            columns[f"requested/{resource}/{group}"] = tuple(
                d * (0.9 - 0.2 * i) + rng.uniform(0, 0.03) for d in done
            )
            columns[f"fragmentation/{resource}/{group}"] = tuple(
                d**3 * (0.1 + 0.05 * i) for d in done
            )
    return Series(
        virtual_seconds=times,
        wall_seconds=tuple(11.0 * d + 0.5 * t / end for d, t in zip(done, times, strict=True)),
        revisions=tuple(i * 400 for i in range(samples)),
        digests=tuple(hashlib.sha256(f"{i}".encode()).hexdigest() for i in range(samples)),
        columns=columns,
    )


def heat_map(
    rng: random.Random, resource: str = "cpu", rows: int = 100, samples: int = 200
) -> HeatMap:
    """Nodes that fill at their own pace; some come late."""
    times = tuple(300.0 * i / samples for i in range(samples))
    values = []
    for _ in range(rows):
        pace, birth = rng.uniform(0.7, 1.3), rng.choice((0, 0, 0, rng.randrange(samples)))
        values.append(
            tuple(
                None if i < birth else min(1.0, pace * (i - birth) / samples + rng.uniform(0, 0.1))
                for i in range(samples)
            )
        )
    names = tuple(f"node-{10 * i:04d}…{10 * i + 9:04d}" for i in range(rows))
    return HeatMap(
        resource=resource,
        rows=names,
        virtual_seconds=times,
        wall_seconds=tuple(t / 30 for t in times),
        values=tuple(values),
    )


def calls(rng: random.Random) -> tuple[ApiCalls, ...]:
    """What the components asked of the API server."""
    table = [
        ("create", "pods", 30_000, 0, 38e-6),
        ("create", "pods/binding", 30_120, 120, 21e-6),
        ("update", "pods/status", 61_300, 14, 18e-6),
        ("patch", "pods", 1_204, 0, 60e-6),
        ("watch", "pods", 2_011, 3, 90e-6),
        ("update", "leases", 90_000, 0, 8e-6),
        ("create", "events", 60_000, 0, 11e-6),
        ("update", "endpointslices", 4_120, 300, 48e-6),
        ("list", "nodes", 12, 0, 4e-3),
        ("update", "replicasets/status", 9_000, 210, 16e-6),
        ("update", "deployments/status", 4_210, 96, 19e-6),
        ("create", "services", 300, 0, 30e-6),
    ]
    return tuple(
        ApiCalls(
            verb=verb,
            resource=resource,
            count=count,
            errors=errors,
            latency_seconds=Summary(count=count, buckets=((0.0, count),)),
            work_seconds=summary(rng, work, count),
        )
        for verb, resource, count, errors, work in table
    )


def report(seed: int = 1, *, samples: int = 512, pods: int = 30_000, **changes: Any) -> Report:
    """The report of a run of a thousand nodes; `changes` replace what is given here."""
    rng = random.Random(seed)
    wall = 11.4 + rng.uniform(-0.5, 0.5)
    steps = (
        ("apply workloads", 0.0, 2.0, 0.0, 1.9),
        (f"wait podsReady {pods:,}, deploymentsAvailable", 2.0, 210.0, 1.9, 10.4),
        ("checkpoint filled", 210.0, 210.0, 10.4, 10.4),
        ("drain node-0001 … node-0010", 210.0, 240.0, 10.4, 11.1),
        ("wait 1m", 240.0, 300.0, 11.1, 11.5),
    )
    measures = {
        "nodes": 1000.0,
        "pods": float(pods),
        "podsCreated": float(pods),
        "podsRunning": float(pods - 600),
        "podsPending": 0.0,
        "podsPerSecond": pods / wall,
        "restarts": 12.0,
        "podStartSecondsP99": 4.2 + rng.uniform(-0.2, 0.2),
        "wallSeconds": wall,
        "virtualSeconds": 300.0,
        "revisions": float(samples * 400),
        "peakRssBytes": 712.0 * (1 << 20) + rng.uniform(0, 1e7),
    }
    found: dict[str, Any] = {
        "scenario": "density",
        "description": "1,000 nodes, 300 Deployments of 100 pods and a Service for each, until all run",
        "text": TEXT,
        "path": "benchmarks/density.yaml",
        "scenario_sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        "parameters": {"nodes": 1000, "podsPerNode": 30},
        "command": f"orchestrator run benchmarks/density.yaml --seed {seed} --out reports/density",
        "seed": seed,
        "clock": "virtual",
        "heartbeats": "computed",
        "outcome": "passed",
        "digest": hashlib.sha256(f"{seed}".encode()).hexdigest(),
        "wall_seconds": wall,
        "virtual_seconds": 300.0,
        "nodes": 1000,
        "pods": pods,
        "pods_running": pods - 600,
        "pods_per_second": pods / wall,
        "peak_rss_bytes": int(measures["peakRssBytes"]),
        "revisions": samples * 400,
        "measures": measures,
        "writes": {"pods": 121_300, "events": 60_000, "leases": 90_000, "endpointslices": 4_120},
        "latencies": {
            "scheduling": summary(rng, 0.02, pods, spread=1.6),
            "podStart": summary(rng, 2.1, pods),
            "podReady": summary(rng, 2.4, pods, spread=0.1),
        },
        "api_calls": calls(rng),
        "series": series(rng, samples, pods),
        "heat_maps": tuple(heat_map(rng, r) for r in ("cpu", "memory", "nvidia.com/gpu")),
        "resources": tuple(
            ResourceUse(
                group=group,
                resource=resource,
                allocatable=amount,
                requested_mean=amount * 0.4,
                requested_max=amount * 0.91,
                requested_end=amount * 0.9,
                fragmentation_mean=0.04,
                fragmentation_end=0.12,
            )
            for group in GROUPS
            for resource, amount in (("cpu", 8000.0), ("memory", 32e12), ("nvidia.com/gpu", 400.0))
        ),
        "queues": (
            QueueUse(name="/apiserver mailbox", mean=12.4, max=30_120),
            QueueUse(name="scheduler active", mean=812.0, max=30_000),
            QueueUse(name="scheduler unschedulable", mean=0.0, max=0),
        ),
        "actors": (
            ActorUse(path="/apiserver", actors=1, messages=412_000, restarts=0),
            ActorUse(path="/nodes/*/kubelet", actors=1000, messages=301_234, restarts=2),
            ActorUse(path="/nodes/*/proxy", actors=1000, messages=290_000, restarts=0),
            ActorUse(path="/scheduler", actors=1, messages=92_310, restarts=0),
            ActorUse(path="/controllers/replicaset", actors=1, messages=61_200, restarts=0),
        ),
        "pauses": Pauses(
            turns=summary(rng, 4e-3, 2800, spread=1.0),
            over_50_ms=3,
            longest=(
                Pause(seconds=0.081, virtual_seconds=2.0, step="apply workloads"),
                Pause(seconds=0.062, virtual_seconds=40.1, step="wait podsReady"),
                Pause(seconds=0.052, virtual_seconds=90.4, step="wait podsReady"),
            ),
        ),
        "steps": tuple(
            StepRecord(name=n, virtual_begin=a, virtual_end=b, wall_begin=c, wall_end=d)
            for n, a, b, c, d in steps
        ),
        "checkpoints": (
            Checkpoint(name="filled", virtual_seconds=210.0, wall_seconds=10.4, measures=measures),
            Checkpoint(name="end", virtual_seconds=300.0, wall_seconds=11.5, measures=measures),
        ),
        "expectations": (
            Outcome(measure="podsRunning", expected="≥ 29,000", measured=29_400.0, holds=True),
            Outcome(measure="podStartSecondsP99", expected="≤ 5", measured=4.2, holds=True),
        ),
        "failure": None,
        "environment": ENVIRONMENT,
    }
    return Report(**{**found, **changes})


def empty(**changes: Any) -> Report:
    """The report of a run that was interrupted before it began."""
    nothing: dict[str, Any] = {
        "outcome": "interrupted",
        "description": "",
        "parameters": {},
        "nodes": 0,
        "pods_running": 0,
        "pods_per_second": 0.0,
        "measures": {},
        "writes": {},
        "latencies": {},
        "series": Series(),
        "pauses": Pauses(),
    }
    tables = ("api_calls", "heat_maps", "resources", "queues", "actors", "steps")
    nothing |= dict.fromkeys((*tables, "checkpoints", "expectations"), ())
    return report(samples=2, pods=0, **{**nothing, **changes})


def sweep() -> SweepReport:
    """Two sizes, three seeds each; one run was lost."""
    runs = tuple(
        SweepRun(
            parameters={"nodes": nodes},
            seed=seed,
            directory=f"nodes={nodes}/seed={seed}",
            outcome="passed",
            digest=hashlib.sha256(f"{nodes} {seed}".encode()).hexdigest(),
            measures={"wallSeconds": nodes / 100 + seed, "podsPerSecond": 3000.0 - seed},
        )
        for nodes in (100, 1000)
        for seed in (1, 2, 3)
    )
    lost = SweepRun(
        parameters={"nodes": 1000},
        seed=4,
        directory="nodes=1000/seed=4",
        outcome="failed",
        digest="",
        measures={},
        error="the process ended with signal 9",
    )
    cells = tuple(
        SweepCell(
            parameters={"nodes": nodes},
            runs=3,
            measures={
                "wallSeconds": Spread(
                    mean=nodes / 100 + 2, deviation=1.0, min=nodes / 100 + 1, max=nodes / 100 + 3
                ),
                "podsPerSecond": Spread(mean=2998.0, deviation=1.0, min=2997.0, max=2999.0),
            },
        )
        for nodes in (100, 1000)
    )
    return SweepReport(
        scenario="density",
        description="Two sizes",
        text=TEXT,
        command="orchestrator run density.yaml --sweep",
        outcome="failed",
        wall_seconds=61.2,
        runs=(*runs, lost),
        cells=cells,
        environment=ENVIRONMENT,
    )
