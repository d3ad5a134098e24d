"""What is special about workloads: what generations count beside the spec, and a field behind a gate."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.apps.v1 import DaemonSet, Deployment, StatefulSet
from orchestrator.api.core.v1 import PodTemplateSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scalars import EMPTY
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.machinery.digits import whole

_TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"


class DeploymentStrategy(Strategy):
    """What is special about deployments."""

    def has_changed(self, new: Deployment, old: Deployment) -> bool:
        """Annotations count, since the controller copies them to its replica sets."""
        return super().has_changed(new, old) or (
            new.metadata.annotations != old.metadata.annotations
        )

    def prepare_for_status_update(
        self, new: Deployment, old: Deployment, env: Environment
    ) -> Deployment:
        """The controller notes the revision, an annotation, by way of the status; labels stay."""
        new = replace(new, metadata=replace(new.metadata, labels=old.metadata.labels))
        return super().prepare_for_status_update(new, old, env)  # type: ignore[no-any-return]


class DaemonSetStrategy(Strategy):
    """What is special about daemon sets: an annotation counts the changes of the template."""

    def as_owned(self, sent: DaemonSet) -> DaemonSet:
        """Its author owns the count, too: a conversion writes it, 0 at first, into whatever comes without it."""
        return _counted(sent, _count(sent.metadata, absent=0))

    def allocate(
        self, new: DaemonSet, old: DaemonSet | None, env: Environment, *, dry_run: bool
    ) -> DaemonSet:
        """The count goes up with the template, and is nobody else's to change."""
        if old is None:
            return _counted(new, 1)
        before = _count(old.metadata)
        return _counted(new, before if _template(new) == _template(old) else before + 1)

    def prepare_for_status_update(
        self, new: DaemonSet, old: DaemonSet, env: Environment
    ) -> DaemonSet:
        """The count stays with the spec, whatever the metadata beside the status says."""
        new = _counted(new, _count(old.metadata))
        return super().prepare_for_status_update(new, old, env)  # type: ignore[no-any-return]


def without_count(metadata: ObjectMeta) -> ObjectMeta:
    """A daemon set's metadata inside of Kubernetes, where the count is no annotation."""
    annotations = dict(metadata.annotations)
    annotations.pop(_TEMPLATE_GENERATION, None)
    return replace(metadata, annotations=annotations or EMPTY)


class StatefulSetStrategy(Strategy):
    """What is special about stateful sets where the gate of `maxUnavailable` is off, as it is in 1.36 as it comes."""

    def prepare_for_create(self, new: StatefulSet, env: Environment) -> StatefulSet:
        """The field is not kept."""
        return _without_max_unavailable(super().prepare_for_create(new, env))

    def prepare_for_update(
        self, new: StatefulSet, old: StatefulSet, env: Environment
    ) -> StatefulSet:
        """The field is not kept, unless it was there before."""
        new = super().prepare_for_update(new, old, env)
        return new if _max_unavailable(old) is not None else _without_max_unavailable(new)


def _max_unavailable(stateful_set: StatefulSet) -> int | str | None:
    strategy = stateful_set.spec.update_strategy if stateful_set.spec is not None else None
    rolling = strategy.rolling_update if strategy is not None else None
    return rolling.max_unavailable if rolling is not None else None


def _without_max_unavailable(stateful_set: StatefulSet) -> StatefulSet:
    if _max_unavailable(stateful_set) is None:
        return stateful_set
    spec = stateful_set.spec
    assert spec is not None
    strategy = spec.update_strategy
    assert strategy is not None
    assert strategy.rolling_update is not None
    rolling = replace(strategy.rolling_update, max_unavailable=None)
    strategy = replace(strategy, rolling_update=rolling)
    return replace(stateful_set, spec=replace(spec, update_strategy=strategy))


def _template(daemon_set: DaemonSet) -> PodTemplateSpec | None:
    return daemon_set.spec.template if daemon_set.spec is not None else None


def _count(metadata: ObjectMeta, absent: int = 1) -> int:
    text = metadata.annotations.get(_TEMPLATE_GENERATION, "")
    return whole(text) if text.isdecimal() else absent


def _counted(new: DaemonSet, count: int) -> DaemonSet:
    annotations = new.metadata.annotations
    if annotations.get(_TEMPLATE_GENERATION) == str(count):
        return new
    annotations = {**annotations, _TEMPLATE_GENERATION: str(count)}
    return replace(new, metadata=replace(new.metadata, annotations=annotations))
