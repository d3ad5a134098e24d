"""What whoever writes a keeper of pods is told, though it is accepted."""

from typing import Any

from orchestrator.api.apps.v1 import DaemonSet, StatefulSet, StatefulSetSpec
from orchestrator.apiserver.kinds.core.pods.volume_warnings import claim_spec_warnings
from orchestrator.apiserver.kinds.core.pods.warnings import template_warnings
from orchestrator.apiserver.validation.warnings import (
    Warnings,
    host_name_warnings,
    is_of_generation,
)


def keeper_warnings(new: Any, old: Any) -> Warnings:
    """Of a kind that makes pods of a template: of its name, and of the template when a generation is counted."""
    if old is None:
        yield from host_name_warnings(new.metadata.name, "Pod names and hostnames")
    yield from _spec_warnings(new, old)


def controller_warnings(new: Any, old: Any) -> Warnings:
    """The same of a ReplicationController, but that a change is told what the template was before.

    Kubernetes takes the two for one another there.
    """
    if old is None:
        yield from keeper_warnings(new, None)
    elif is_of_generation(new, old) and old.spec is not None:
        yield from template_warnings("spec.template", old.spec.template)


def daemon_set_warnings(new: DaemonSet, old: DaemonSet | None) -> Warnings:
    """Of its template when that changes; no pod's name is made of its own."""
    before = old.spec.template if old is not None and old.spec is not None else None
    if new.spec is not None and new.spec.template != before:
        yield from template_warnings("spec.template", new.spec.template)


def _spec_warnings(new: Any, old: Any) -> Warnings:
    if new.spec is not None and is_of_generation(new, old):
        yield from template_warnings("spec.template", new.spec.template)


def stateful_set_warnings(new: StatefulSet, old: StatefulSet | None) -> Warnings:
    """Of its template, its claims, and a history without bound."""
    spec = new.spec or StatefulSetSpec()
    yield from _spec_warnings(new, old)
    for i, claim in enumerate(spec.volume_claim_templates):
        path = f"spec.volumeClaimTemplates[{i}]"
        yield from claim_spec_warnings(path if old is None else f"{path}.Spec", claim.spec)
    if spec.revision_history_limit is not None and spec.revision_history_limit < 0:
        yield (
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
            "a value >= 0 is recommended"
        )
