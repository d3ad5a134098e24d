"""Deployments and DaemonSets: what their generations count beside the spec."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import DaemonSet, Deployment
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.registry.environment import Environment
from orchestrator.apiserver.strategies.strategy import Strategy

_TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"


class DeploymentStrategy(Strategy):
    """What is special about deployments."""

    def has_changed(self, new: Deployment, old: Deployment) -> bool:
        """Annotations count, since the controller copies them to its replica sets."""
        return super().has_changed(new, old) or (
            new.metadata.annotations != old.metadata.annotations
        )


class DaemonSetStrategy(Strategy):
    """What is special about daemon sets: an annotation counts the changes of the template."""

    def prepare_for_create(self, new: DaemonSet, env: Environment) -> DaemonSet:
        """The first template."""
        return _counted(self.without_status(new), 1)

    def prepare_for_update(self, new: DaemonSet, old: DaemonSet, env: Environment) -> DaemonSet:
        """The count goes up with the template and is nobody else's to change."""
        before = _count(old.metadata)
        same = new.spec == old.spec or (
            new.spec is not None
            and old.spec is not None
            and new.spec.template == old.spec.template
        )
        return _counted(self.with_status_of(new, old), before if same else before + 1)


def _count(metadata: ObjectMeta) -> int:
    text = metadata.annotations.get(_TEMPLATE_GENERATION, "")
    return int(text) if text.isdecimal() else 1


def _counted(new: DaemonSet, count: int) -> DaemonSet:
    annotations = new.metadata.annotations
    if annotations.get(_TEMPLATE_GENERATION) == str(count):
        return new
    annotations = {**annotations, _TEMPLATE_GENERATION: str(count)}
    return replace(new, metadata=replace(new.metadata, annotations=annotations))
