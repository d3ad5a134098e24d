"""KubeSchedulerConfiguration v1, as users write it; what it means is `loading`'s business."""

from typing import Any, Literal

from msgspec import Struct, field

API_VERSION = "kubescheduler.config.k8s.io/v1"


class _Base(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """Fields that are not there are refused."""


class PluginName(_Base, frozen=True):
    """A plugin and, where scores are meant, its weight (0: the plugin's own)."""

    name: str
    weight: int = 0


class PluginSet(_Base, frozen=True):
    """What takes part at a point beside (or, disabled, without) the default; `*` is all."""

    enabled: tuple[PluginName, ...] = ()
    disabled: tuple[PluginName, ...] = ()


class Plugins(_Base, frozen=True):
    """One set for each point."""

    multi_point: PluginSet = PluginSet()
    pre_enqueue: PluginSet = PluginSet()
    queue_sort: PluginSet = PluginSet()
    pre_filter: PluginSet = PluginSet()
    filter: PluginSet = PluginSet()
    post_filter: PluginSet = PluginSet()
    pre_score: PluginSet = PluginSet()
    score: PluginSet = PluginSet()
    reserve: PluginSet = PluginSet()
    permit: PluginSet = PluginSet()
    pre_bind: PluginSet = PluginSet()
    bind: PluginSet = PluginSet()
    post_bind: PluginSet = PluginSet()
    placement_generate: PluginSet = PluginSet()
    placement_score: PluginSet = PluginSet()


class PluginConfig(_Base, frozen=True):
    """The arguments of one plugin."""

    name: str
    args: dict[str, Any] = {}


class ProfileDocument(_Base, frozen=True):
    """One scheduler name and its plugins."""

    scheduler_name: str = ""
    percentage_of_nodes_to_score: int | None = None
    plugins: Plugins = Plugins()
    plugin_config: tuple[PluginConfig, ...] = ()


class ManagedResource(_Base, frozen=True):
    """A resource that an extender cares for, instead of the scheduler or beside it."""

    name: str
    ignored_by_scheduler: bool = False


class TlsConfig(_Base, frozen=True):
    """How an extender is trusted, and who asks it: paths of files, or their base64."""

    insecure: bool = False
    server_name: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    ca_data: str = ""


class ExtenderDocument(_Base, frozen=True):
    """Where an extender is, and what it has a word in."""

    url_prefix: str = ""
    filter_verb: str = ""
    preempt_verb: str = ""
    prioritize_verb: str = ""
    weight: int = 0
    bind_verb: str = ""
    enable_https: bool = field(default=False, name="enableHTTPS")
    tls_config: TlsConfig | None = None
    http_timeout: str = "5s"
    node_cache_capable: bool = False
    managed_resources: tuple[ManagedResource, ...] = ()
    ignorable: bool = False


class Document(_Base, frozen=True):
    """The whole. `plugins` is this project's own: classes as `module:Class`.

    `parallelism`, leader election, the client's connection and profiling are kube-scheduler's: here is one
    scheduler in the process. Without a percentage of nodes to score all nodes are scored.
    """

    api_version: Literal["", "kubescheduler.config.k8s.io/v1"] = ""
    kind: Literal["", "KubeSchedulerConfiguration"] = ""
    profiles: tuple[ProfileDocument, ...] = ()
    plugins: tuple[str, ...] = ()
    pod_initial_backoff_seconds: int = 1
    pod_max_backoff_seconds: int = 10
    parallelism: int = 16
    percentage_of_nodes_to_score: int | None = None
    extenders: tuple[ExtenderDocument, ...] = ()
    leader_election: dict[str, Any] = {}
    client_connection: dict[str, Any] = {}
    enable_profiling: bool = True
    enable_contention_profiling: bool = True
    delay_cache_until_active: bool = False


# --- arguments of plugins ----------------------------------------------------------------------


class _Args(_Base, frozen=True):
    api_version: Literal["", "kubescheduler.config.k8s.io/v1"] = ""
    kind: str = ""


class ResourceSpec(_Base, frozen=True):
    """A resource and what it counts (0: 1)."""

    name: str
    weight: int = 1


class UtilizationShapePoint(_Base, frozen=True):
    """Percent of utilization, and a score of 0 to 10."""

    utilization: int
    score: int


class RequestedToCapacityRatio(_Base, frozen=True):
    """The broken line of RequestedToCapacityRatio."""

    shape: tuple[UtilizationShapePoint, ...] = ()


class ScoringStrategy(_Base, frozen=True):
    """How NodeResourcesFit scores."""

    type: Literal["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"] = "LeastAllocated"
    resources: tuple[ResourceSpec, ...] = ()
    requested_to_capacity_ratio: RequestedToCapacityRatio | None = None


class NodeResourcesFitArgs(_Args, frozen=True):
    """Of NodeResourcesFit."""

    ignored_resources: tuple[str, ...] = ()
    ignored_resource_groups: tuple[str, ...] = ()
    scoring_strategy: ScoringStrategy = ScoringStrategy()


class NodeResourcesBalancedAllocationArgs(_Args, frozen=True):
    """Of NodeResourcesBalancedAllocation; the weights do not count."""

    resources: tuple[ResourceSpec, ...] = ()


class InterPodAffinityArgs(_Args, frozen=True):
    """Of InterPodAffinity."""

    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False


class DefaultPreemptionArgs(_Args, frozen=True):
    """Of DefaultPreemption."""

    min_candidate_nodes_percentage: int = 10
    min_candidate_nodes_absolute: int = 100


class PodTopologySpreadArgs(_Args, frozen=True):
    """Of PodTopologySpread; the constraints are those of core/v1."""

    default_constraints: tuple[dict[str, Any], ...] = ()
    defaulting_type: Literal["System", "List"] = "System"


class NodeAffinityArgs(_Args, frozen=True):
    """Of NodeAffinity; the affinity is that of core/v1."""

    added_affinity: dict[str, Any] | None = None


class VolumeBindingArgs(_Args, frozen=True):
    """Of VolumeBinding."""

    bind_timeout_seconds: int = 600
    shape: tuple[UtilizationShapePoint, ...] = field(default=())


class DynamicResourcesArgs(_Args, frozen=True):
    """Of DynamicResources."""

    filter_timeout: str = ""
    binding_timeout: str = ""
