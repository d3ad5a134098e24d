"""StatefulSets."""

from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import (
    StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
    StatefulSetUpdateStrategy,
)
from orchestrator.api.core.v1 import (
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource,
    PodTemplateSpec,
    Volume,
)
from orchestrator.apiserver.kinds.core.pods.spec_validation import (
    template_errors,
    template_metadata_errors,
)
from orchestrator.apiserver.kinds.core.volumes.claim_validation import claim_spec_errors
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.apiserver.validation.golang import as_go
from orchestrator.apiserver.validation.metadata import dns_label
from orchestrator.apiserver.validation.rules import Rules
from orchestrator.apiserver.validation.selectors import selects
from orchestrator.apiserver.validation.workloads import (
    amount,
    at_most_all_errors,
    at_most_errors,
    collision_errors,
    forever_errors,
    int_or_percent_errors,
    mismatch_errors,
    selector_errors,
    status_count_errors,
    template_labels,
)
from orchestrator.machinery.names import dns1123_label_errors

_MANAGEMENT: Final = ("OrderedReady", "Parallel")
_RETENTIONS: Final = ("Retain", "Delete")
_FORBIDDEN: Final = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
    "'minReadySeconds' are forbidden"
)
_MUTABLE: Final = (
    "replicas",
    "ordinals",
    "template",
    "update_strategy",
    "revision_history_limit",
    "persistent_volume_claim_retention_policy",
    "min_ready_seconds",
)


def _new_errors(stateful_set: StatefulSet) -> Errors:
    yield from _spec_errors(stateful_set, is_new=True)


def _spec_errors(stateful_set: StatefulSet, *, is_new: bool) -> Errors:
    """`is_new`: what an update may not change is not judged again."""
    spec = stateful_set.spec or StatefulSetSpec()
    if not spec.pod_management_policy:
        yield required("spec.podManagementPolicy")
    elif spec.pod_management_policy not in _MANAGEMENT:
        detail = "must be 'OrderedReady' or 'Parallel'"
        yield invalid("spec.podManagementPolicy", spec.pod_management_policy, detail)
    yield from _strategy_errors("spec.updateStrategy", spec.update_strategy)
    yield from _retention_errors(spec.persistent_volume_claim_retention_policy)
    if is_new:
        for i, claim in enumerate(spec.volume_claim_templates):
            claim_spec = claim.spec or PersistentVolumeClaimSpec()
            yield from claim_spec_errors(f"spec.volumeClaimTemplates[{i}].spec", claim_spec)
    yield from nonnegative("spec.replicas", spec.replicas)
    yield from nonnegative("spec.minReadySeconds", spec.min_ready_seconds)
    if spec.ordinals is not None:
        yield from nonnegative("spec.ordinals.start", spec.ordinals.start)
    if spec.service_name and is_new:
        messages = dns1123_label_errors(spec.service_name)
        yield from complaints("spec.serviceName", spec.service_name, messages)
    yield from selector_errors("spec.selector", spec.selector, "statefulset")
    yield from _template_errors(spec)


def _template_errors(spec: StatefulSetSpec) -> Errors:
    labels = template_labels(spec.template)
    if spec.selector is not None and selects(spec.selector, labels) is None:
        yield invalid("spec.selector", as_go(spec.selector), "")
        return  # The template is not looked at.
    yield from mismatch_errors("spec.template.metadata.labels", spec.selector, labels)
    template = _as_pods_have_it(spec)
    yield from template_errors("spec.template", template)
    if template is not None:
        yield from template_metadata_errors("spec.template", template)  # the original looks twice
    yield from forever_errors("spec.template", spec.template, "StatefulSet")


def _as_pods_have_it(spec: StatefulSetSpec) -> PodTemplateSpec | None:
    """The template with its claims' volumes, and without names, which are the set's to give."""
    template = spec.template
    if template is None or template.spec is None:
        return template
    pod, claims = template.spec, spec.volume_claim_templates
    if not (pod.hostname or pod.subdomain or claims):
        return template  # the same object: what is known of it is remembered
    names = {claim.metadata.name for claim in claims}
    made = tuple(
        Volume(
            name=name, persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name=name)
        )
        for name in (claim.metadata.name for claim in claims)
    )
    volumes = (*made, *(volume for volume in pod.volumes if volume.name not in names))
    pod = replace(pod, hostname="", subdomain="", volumes=volumes)
    return replace(template, spec=pod)


def _strategy_errors(path: str, strategy: StatefulSetUpdateStrategy | None) -> Errors:
    if strategy is None or not strategy.type:
        yield required(path)
        return
    rolling = strategy.rolling_update
    if strategy.type == "OnDelete":
        if rolling is not None:
            detail = "only allowed for updateStrategy 'RollingUpdate'"
            yield invalid(f"{path}.rollingUpdate", as_go(rolling), detail)
    elif strategy.type != "RollingUpdate":
        yield invalid(path, as_go(strategy), "must be 'RollingUpdate' or 'OnDelete'")
    elif rolling is not None:
        yield from nonnegative(f"{path}.rollingUpdate.partition", rolling.partition)
        if rolling.max_unavailable is not None:
            where = f"{path}.rollingUpdate.maxUnavailable"
            yield from _unavailable_errors(where, rolling.max_unavailable)


def _unavailable_errors(path: str, value: int | str) -> Errors:
    yield from int_or_percent_errors(path, value)
    if amount(value) == 0:
        yield invalid(path, value, "cannot be 0")
    yield from at_most_all_errors(path, value)


def _retention_errors(policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None) -> Errors:
    if policy is None:
        return
    path = "spec.persistentVolumeClaimRetentionPolicy"
    for name, value in (("whenDeleted", policy.when_deleted), ("whenScaled", policy.when_scaled)):
        if value not in _RETENTIONS:
            yield not_supported(f"{path}.{name}", value or "", _RETENTIONS)


def _update_errors(new: StatefulSet, old: StatefulSet) -> Errors:
    if new.spec is not old.spec:
        yield from _spec_errors(new, is_new=False)
    if new.spec is None or old.spec is None:
        return
    present = {name: getattr(old.spec, name) for name in _MUTABLE}
    if replace(new.spec, **present) != old.spec:
        yield forbidden("spec", _FORBIDDEN)


_PARTS: Final = (
    ("ready_replicas", "readyReplicas"),
    ("current_replicas", "currentReplicas"),
    ("updated_replicas", "updatedReplicas"),
    ("available_replicas", "availableReplicas"),
)
_COUNTS: Final = (
    ("replicas", "replicas"),
    *_PARTS,
    ("observed_generation", "observedGeneration"),
    ("collision_count", "collisionCount"),
)


def _status_errors(new: StatefulSet, old: StatefulSet) -> Errors:
    status: Any = new.status
    if status is None:
        return
    yield from status_count_errors(status, *_COUNTS)
    detail = "cannot be greater than status.replicas"
    yield from at_most_errors(status, detail, status.replicas or 0, *_PARTS)
    detail = "cannot be greater than status.readyReplicas"
    yield from at_most_errors(status, detail, status.ready_replicas or 0, _PARTS[3])
    yield from collision_errors(new, old)


STATEFUL_SET_RULES: Final = Rules(
    # A pod's host name is the set's name and a number: it must be a label.
    name=dns_label,
    spec=_new_errors,
    update=_update_errors,
    status=_status_errors,
    recheck="never",
)
