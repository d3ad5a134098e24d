"""The options of a Cluster as one value, each of the kind that it must be."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from actors import FaultPlan
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import ApiFault, Authorizer, CallMeter, RequestAudit
from orchestrator.apiserver.admission import Admission
from orchestrator.client import Controller
from orchestrator.cluster.fabrics import ProxyMode
from orchestrator.kubelet import Profile
from orchestrator.kubelet.runtimes import RuntimeFactory
from orchestrator.scheduler import Profile as SchedulerProfile
from orchestrator.scheduler import SchedulerConfiguration
from orchestrator.store import Store

if TYPE_CHECKING:
    from orchestrator.kubelet.runtimes.process import Image


class Options(Struct, frozen=True, kw_only=True):
    """What a Cluster was asked for; `Cluster` says what each option means, and what it is where nobody says."""

    seed: int
    store: Store | None
    controllers: Sequence[type[Controller] | str]
    scheduler: SchedulerConfiguration | SchedulerProfile | Mapping[str, Any] | None
    profile: Profile | None
    runtime: str
    runtimes: Mapping[str, RuntimeFactory] | None
    images: "Sequence[Image]"
    container_runtime_endpoint: str
    proxies: bool
    proxy_mode: ProxyMode | None
    service_network: str | None
    record_events: bool
    event_seconds: float
    heartbeats: Literal["written", "computed"]
    faults: FaultPlan | None
    api_faults: Sequence[ApiFault]
    order: Literal["fifo", "seeded"]
    trace: bool
    meter: CallMeter | None
    audit: RequestAudit | None
    admission: Admission | None
    authorizer: Authorizer | None
    authorization: Sequence[str | Authorizer]
    resources: Sequence[Resource]
    furnished: bool
    dns_upstream: Sequence[str]
    feature_gates: Mapping[str, bool]
    runtime_config: Mapping[str, bool]

    @property
    def heartbeats_computed(self) -> bool:
        """Whether healthy nodes' heartbeats are worked out instead of being written."""
        return self.heartbeats == "computed"

    def __post_init__(self) -> None:
        """Raises TypeError for an option of another kind, with what would be right."""
        for name, (fits, words) in _KINDS.items():
            value = getattr(self, name)
            if value is not None and not fits(value):
                raise TypeError(f"{name} is {words}, not {value!r}")


def _is(*types: type[Any]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


def _are(type_: type[Any]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Sequence) and all(isinstance(each, type_) for each in value)
    )


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _are_images(value: Any) -> bool:
    if value == ():
        return True
    from orchestrator.kubelet.runtimes.process import Image  # late: most nodes simulate

    return _are(Image)(value)


# What an option is, and how that is said; the others are judged where they are used. None stands for nothing.
_KINDS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "seed": (_is(int), "a whole number"),
    "profile": (_is(Profile), "a kubelet.Profile"),
    "runtime": (_is(str), "the name of a runtime"),
    "images": (_are_images, "a sequence of kubelet.runtimes.process.Image"),
    "container_runtime_endpoint": (
        _is(str),
        "an address such as unix:///run/containerd/containerd.sock",
    ),
    "runtimes": (_is(Mapping), "a mapping of names to what makes a runtime"),
    "proxies": (_is(bool), "True or False"),
    "record_events": (_is(bool), "True or False"),
    "event_seconds": (_is_duration, "a number of seconds above 0"),
    "heartbeats": (lambda value: value in ("written", "computed"), '"written" or "computed"'),
    "faults": (_is(FaultPlan), "an actors.FaultPlan"),
    "api_faults": (_are(ApiFault), "a sequence of apiserver.ApiFault"),
    "order": (lambda value: value in ("fifo", "seeded"), '"fifo" or "seeded"'),
    "trace": (_is(bool), "True or False"),
    "admission": (_is(Admission), "an apiserver.admission.Admission"),
    "authorizer": (lambda value: callable(getattr(value, "decide", None)), "an Authorizer"),
    "resources": (_are(Resource), "a sequence of api.scheme.Resource"),
    "furnished": (_is(bool), "True or False"),
}
