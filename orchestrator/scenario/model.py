"""The scenario language: what a scenario file may say, as types.

An unknown key is an error, so is a value of another type. Durations are written as Go writes them
(`30s`, `1h30m`); quantities as Kubernetes does.
"""

from typing import Any, Literal

from msgspec import Struct, field

API_VERSION = "orchestrator/v1alpha1"


class _Strict(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of all parts: camelCase in the file, nothing unknown."""


class Metadata(_Strict, frozen=True):
    """What the scenario is called."""

    name: str
    description: str = ""


class TaintSpec(_Strict, frozen=True):
    """A taint of a node group."""

    key: str
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
    value: str = ""


class NodeGroup(_Strict, frozen=True):
    """`count` equal nodes named `<name>-0`, `<name>-1`, ...; `zones` are dealt out in turn."""

    name: str
    count: int
    capacity: dict[str, str | int | float] = {}
    labels: dict[str, str] = {}
    taints: tuple[TaintSpec, ...] = ()
    zones: tuple[str, ...] = ()


class Workload(_Strict, frozen=True):
    """Objects to apply: inline, or from a manifest file or folder beside the scenario.

    With `count` they are applied so many times; `{{index}}` in any text is the number, from 0, and
    `{{index % N}}` its remainder.
    """

    objects: tuple[dict[str, Any], ...] = ()
    file: str = ""
    namespace: str = ""
    count: int = 1


class Condition(_Strict, frozen=True):
    """A condition of one object, as `kubectl wait --for=condition=...`."""

    kind: str
    name: str
    type: str
    api_version: str = "v1"
    namespace: str = "default"
    status: str = "True"


class Wait(_Strict, frozen=True):
    """What must be true before the next step, within `timeout` of the cluster's time."""

    timeout: str = "10m"
    pods_running: int | None = None
    pods_ready: int | None = None
    pods_succeeded: int | None = None
    pods: int | None = None
    deployments_available: bool | None = None
    condition: Condition | None = None


class ObjectName(_Strict, frozen=True):
    """One object."""

    kind: str
    name: str
    api_version: str = "v1"
    namespace: str = "default"


class Scale(_Strict, frozen=True):
    """Set the replicas of one object."""

    name: str
    replicas: int
    kind: str = "Deployment"
    api_version: str = "apps/v1"
    namespace: str = "default"


class Step(_Strict, frozen=True):
    """One thing that happens; exactly one of the fields, and perhaps the time of it (`at`)."""

    at: str = ""  # not before this time since the start
    apply: Workload | None = None
    scale: Scale | None = None
    delete: ObjectName | None = None
    cordon: str = ""
    uncordon: str = ""
    crash_node: str = ""
    restart_node: str = ""
    remove_node: str = ""
    crash: str = ""  # the path of a component's actor: /scheduler
    wait: Wait | None = None
    sleep: str = ""


class Bounds(_Strict, frozen=True):
    """What a measure must be."""

    equals: float | None = None
    at_least: float | None = None
    at_most: float | None = None


class ContainerProfile(_Strict, frozen=True):
    """How simulated containers behave; numbers or `uniform(1, 3)` and the like, in seconds."""

    start_seconds: str | float | None = None
    ready_seconds: str | float | None = None
    stop_seconds: str | float | None = None
    run_seconds: str | float | None = None
    init_seconds: str | float | None = None
    exit_code: int | None = None
    fail_probability: float | None = None
    cpu: str | float | None = None
    memory: str | float | None = None


class Simulation(_Strict, frozen=True):
    """What is simulated, and how closely."""

    containers: ContainerProfile = ContainerProfile()
    proxies: bool = True
    events: bool = False  # Kubernetes' Event objects


class Spec(_Strict, frozen=True):
    """The scenario itself."""

    nodes: tuple[NodeGroup, ...]
    seed: int = 0
    workloads: tuple[Workload, ...] = ()
    simulation: Simulation = Simulation()
    faults: tuple[dict[str, Any], ...] = ()
    steps: tuple[Step, ...] = ()
    expect: dict[str, Bounds] = {}


class Scenario(_Strict, frozen=True):
    """A scenario file."""

    api_version: Literal["orchestrator/v1alpha1"]
    kind: Literal["Scenario"]
    metadata: Metadata
    spec: Spec = field()
