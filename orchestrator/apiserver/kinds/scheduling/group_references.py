"""`schedulingGroup` of pods and of pods' templates, which is kept only where pod groups are served.

The defaults of pods forget the field, as Kubernetes does as it comes. A server with the feature gate
GenericWorkload on takes its kinds through `keeping_groups`, and the others pay nothing for it.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import DaemonSet, Deployment, ReplicaSet, StatefulSet
from orchestrator.api.batch.v1 import CronJob, Job
from orchestrator.api.core.v1 import Pod, PodTemplate, ReplicationController
from orchestrator.api.scheduling.v1alpha2 import POD_GROUPS
from orchestrator.api.scheme import Scheme
from orchestrator.apiserver.kinds.kind import Kind

_TEMPLATE: Final = ("spec", "template", "spec")
_SPECS: Final[dict[type[Any], tuple[str, ...]]] = {
    Pod: ("spec",),
    PodTemplate: ("template", "spec"),
    CronJob: ("spec", "job_template", *_TEMPLATE),
    **dict.fromkeys(
        (DaemonSet, Deployment, Job, ReplicaSet, ReplicationController, StatefulSet), _TEMPLATE
    ),
}
"""Where a kind has the spec of pods."""


def serves_groups(scheme: Scheme) -> bool:
    """Whether pod groups are among the resources of a server."""
    return scheme.by_path(POD_GROUPS.group, POD_GROUPS.version, POD_GROUPS.plural) is not None


def keeping_groups(kind: Kind) -> Kind:
    """A kind whose defaults leave the group of its pods as it was given."""
    default, path = kind.default, _SPECS.get(kind.type)
    if default is None or path is None:
        return kind

    def keeping(obj: Any) -> Any:
        spec = _at(obj, path)
        filled = default(obj)
        group = spec.scheduling_group if spec is not None else None
        if group is None:
            return filled
        kept = _with(filled, (*path, "scheduling_group"), group)
        return obj if kept == obj else kept

    return replace(kind, default=keeping)


def _at(obj: Any, path: Sequence[str]) -> Any:
    for name in path:
        if obj is None:
            return None
        obj = getattr(obj, name)
    return obj


def _with(obj: Any, path: Sequence[str], value: Any) -> Any:
    name, *rest = path
    inner = _with(getattr(obj, name), rest, value) if rest else value
    return replace(obj, **{name: inner})
