"""A scenario file as a whole."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from orchestrator.scenario.language.base import Strict
from orchestrator.scenario.language.expectations import Expected, ObjectExpectation, ServiceLevel
from orchestrator.scenario.language.nodes import NodeGroup, TraceSource
from orchestrator.scenario.language.steps import Step
from orchestrator.scenario.language.workloads import Workload

API_VERSION = "orchestrator/v1alpha1"


class Metadata(Strict, frozen=True):
    """What the scenario is called."""

    name: str
    description: str = ""


class ContainerProfile(Strict, frozen=True):
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


class Simulation(Strict, frozen=True):
    """What is simulated, and how closely.

    `heartbeats`: `written` (every lease every 10 s, as a kubelet does) or `computed` (a healthy
    node's lease says since when it is renewed, and is written only when the node fails: the cluster
    sees the same, without two billion writes in a long run). `controllers`: by name, as Kubernetes'
    `--controllers`; "*" are all that run as they come, "-job" leaves one out.
    """

    containers: ContainerProfile = ContainerProfile()
    proxies: bool = True
    events: bool = False  # Kubernetes' Event objects
    heartbeats: Literal["written", "computed"] = "written"
    controllers: tuple[str, ...] = ("*",)


class Sweep(Strict, frozen=True):
    """The same scenario for every combination of values of parameters, and every seed (the scenario's
    own if there are none), in parallel processes (as many as the machine has processors, if 0).
    """

    parameters: dict[str, Annotated[tuple[str | int | float | bool, ...], Meta(min_length=1)]] = {}
    seeds: Annotated[tuple[int, ...], Meta(min_length=1)] = ()
    processes: Annotated[int, Meta(ge=0)] = 0


class Spec(Strict, frozen=True):
    """The scenario itself. `parameters` are names with their values, which `--set NAME=VALUE`
    changes; null: it must be set. `scheduler` is how pods are placed, a KubeSchedulerConfiguration or
    the name of one of `policies`.
    """

    nodes: tuple[NodeGroup, ...]
    parameters: dict[str, str | int | float | bool | None] = {}
    seed: int = 0
    traces: dict[str, TraceSource] = {}
    workloads: tuple[Workload, ...] = ()
    simulation: Simulation = Simulation()
    policies: dict[str, dict[str, Any]] = {}
    scheduler: str | dict[str, Any] | None = None
    faults: tuple[dict[str, Any], ...] = ()
    steps: tuple[Step, ...] = ()
    expect: dict[str, Expected] = {}
    service_levels: tuple[ServiceLevel, ...] = ()
    objects: tuple[ObjectExpectation, ...] = ()
    sweep: Sweep | None = None


class Scenario(Strict, frozen=True):
    """A scenario file."""

    api_version: Literal["orchestrator/v1alpha1"]
    kind: Literal["Scenario"]
    metadata: Metadata
    spec: Spec
