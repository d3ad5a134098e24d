"""Steps in a scenario file: what happens, when, and what is waited for."""

from typing import Final, Literal

from msgspec import field

from orchestrator.scenario.language.base import Strict
from orchestrator.scenario.language.expectations import Bounds
from orchestrator.scenario.language.nodes import NodeChoice, NodeGroup
from orchestrator.scenario.language.workloads import Workload


class Condition(Strict, frozen=True):
    """A condition of one object, as `kubectl wait --for=condition=...`."""

    kind: str
    name: str
    type: str
    api_version: str = "v1"
    namespace: str = "default"
    status: str = "True"


class Rollout(Strict, frozen=True):
    """The rollout of an object is complete, as `kubectl rollout status` has it; of all whose names fit, if
    `name` is a shell pattern (`web-*`).
    """

    name: str
    kind: Literal["Deployment", "StatefulSet", "DaemonSet"] = "Deployment"
    namespace: str = "default"


class Wait(Strict, frozen=True):
    """What must be true all at once, within `timeout` of the cluster's time.

    The counts are numbers or bounds. `deploymentsAvailable` and `jobsFinished`: all of them are.
    `replicasMissing`: what workloads want and does not serve, nodes without power noticed or not.
    `rolledOut`: the rollout of a Deployment, or of another object, is complete.
    `arrived`: the workloads that arrive by and by have come to their end. `quiet`: for so long
    nothing was written but heartbeats.
    """

    timeout: str = "10m"
    pods: int | Bounds | None = None
    pods_pending: int | Bounds | None = None
    pods_bound: int | Bounds | None = None
    pods_running: int | Bounds | None = None
    pods_ready: int | Bounds | None = None
    pods_succeeded: int | Bounds | None = None
    pods_failed: int | Bounds | None = None
    pods_terminating: int | Bounds | None = None
    replicas_missing: int | Bounds | None = None
    nodes: int | Bounds | None = None
    nodes_ready: int | Bounds | None = None
    deployments_available: bool | None = None
    jobs_finished: bool | None = None
    arrived: bool | None = None
    condition: Condition | None = None
    rolled_out: str | Rollout | None = None
    quiet: str = ""


class ObjectName(Strict, frozen=True):
    """One object by its name, or all of a kind and namespace that have the labels."""

    kind: str
    name: str = ""
    labels: dict[str, str] = {}
    api_version: str = "v1"
    namespace: str = "default"


class Scale(Strict, frozen=True):
    """Set the replicas of an object; of several, if `name` is a shell pattern (`web-*`)."""

    name: str
    replicas: int
    kind: str = "Deployment"
    api_version: str = "apps/v1"
    namespace: str = "default"


class SetImage(Strict, frozen=True):
    """Set the image of a container of an object's pod template; of all its containers if
    `container` is empty. `name` may be a shell pattern.
    """

    name: str
    image: str
    container: str = ""
    kind: str = "Deployment"
    api_version: str = "apps/v1"
    namespace: str = "default"


class RolloutRestart(Strict, frozen=True):
    """Have all pods of an object replaced, as `kubectl rollout restart` does. `name` may be a shell
    pattern.
    """

    name: str
    kind: str = "Deployment"
    api_version: str = "apps/v1"
    namespace: str = "default"


class Drain(Strict, frozen=True):
    """Cordon nodes and evict their pods, those of DaemonSets and mirror pods excepted; waits until
    they are gone, at most `timeout`. Disruption budgets are respected.
    """

    nodes: str | NodeChoice
    timeout: str = "10m"


class Target(Strict, frozen=True):
    """Nodes, or the actors of a component by the shell pattern of their path (`/scheduler`,
    `/nodes/*/kubelet`); `for` is how long it lasts.
    """

    nodes: str | NodeChoice | None = None
    component: str = ""
    for_: str = field(default="", name="for")


class Slow(Strict, frozen=True):
    """Every request to a component comes so much later."""

    seconds: float
    component: str = "/apiserver"
    for_: str = field(default="", name="for")


class WatchLoss(Strict, frozen=True):
    """Watch events on their way to a component are lost, each with `probability`."""

    component: str = "*"
    probability: float = 1.0
    count: int | None = None
    for_: str = field(default="", name="for")


class FailApi(Strict, frozen=True):
    """Requests of `verb` for `resource` (a plural, with its group: `deployments.apps`) are refused with the
    HTTP status `code`, answered `latencySeconds` later, or both; `for` so long, or until the end.

    `count` is the most that it happens to, `skip` how many pass first, `probability` the chance for each.
    Texts are shell patterns. `user` is who asks: as it comes all components of the cluster, and not the steps
    themselves (`system:admin`), which fail when they are refused.
    """

    verb: str = "*"
    resource: str = "*"
    subresource: str = "*"
    namespace: str = "*"
    name: str = "*"
    user: str = "system:[!a]*"
    code: int = 0
    message: str = ""
    retry_after_seconds: int | None = None
    latency_seconds: float = 0.0
    probability: float = 1.0
    skip: int = 0
    count: int | None = None
    for_: str = field(default="", name="for")


class Repeat(Strict, frozen=True):
    """The same steps `count` times, beginning `every` so long."""

    count: int
    every: str
    steps: "tuple[Step, ...]"


class Step(Strict, frozen=True):
    """One thing that happens: exactly one of the actions.

    Steps are taken in order. One waits for its time (`at`, since the first step began) and for its
    condition (`when`). A step in the `background` lets the next one begin at once.
    """

    name: str = ""
    at: str = ""
    when: Wait | None = None
    background: bool = False

    apply: Workload | None = None
    scale: Scale | None = None
    set_image: SetImage | None = None
    rollout_restart: RolloutRestart | None = None
    delete: ObjectName | None = None
    cordon: str | NodeChoice | None = None
    uncordon: str | NodeChoice | None = None
    drain: str | Drain | None = None
    add_nodes: NodeGroup | None = None
    remove_nodes: str | NodeChoice | None = None
    crash: str | Target | None = None
    restart: str | NodeChoice | None = None
    pause: Target | None = None
    partition: Target | None = None
    slow: Slow | None = None
    lose_watch_events: WatchLoss | None = None
    fail_api: FailApi | None = None
    end_watches: Literal["all"] | None = None
    wait: Wait | None = None
    checkpoint: str = ""
    sleep: str = ""
    repeat: Repeat | None = None


ACTIONS: Final = tuple(
    name for name in Step.__struct_fields__ if name not in ("name", "at", "when", "background")
)
