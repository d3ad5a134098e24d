"""CustomResourceDefinitions: a finalizer keeps one until all that it defines is gone."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionCondition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionStatus,
)
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.machinery.conditions import with_condition

FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"


def storage_version(definition: CustomResourceDefinition) -> str:
    """The version in which objects are stored; "" when none is marked."""
    return next((each.name for each in definition.spec.versions if each.storage), "")


class DefinitionStrategy(Strategy):
    """What is special about definitions: the system alone says which versions were ever stored."""

    def prepare_for_create(
        self, new: CustomResourceDefinition, env: Environment
    ) -> CustomResourceDefinition:
        """Nothing is accepted yet."""
        stored = tuple(each.name for each in new.spec.versions if each.storage)
        status = CustomResourceDefinitionStatus(
            accepted_names=CustomResourceDefinitionNames(), stored_versions=stored[:1]
        )
        return replace(new, status=status)

    def prepare_for_update(
        self, new: CustomResourceDefinition, old: CustomResourceDefinition, env: Environment
    ) -> CustomResourceDefinition:
        """A version that becomes the stored one is remembered."""
        status = old.status or CustomResourceDefinitionStatus()
        version = storage_version(new)
        if version and version not in status.stored_versions:
            status = replace(status, stored_versions=(*status.stored_versions, version))
        return replace(new, status=status)

    def mark_ending(self, stored: CustomResourceDefinition) -> CustomResourceDefinition:
        """Its objects go first."""
        status = stored.status or CustomResourceDefinitionStatus()
        condition = CustomResourceDefinitionCondition(
            type="Terminating",
            status="True",
            reason="InstanceDeletionPending",
            message="CustomResourceDefinition marked for deletion; "
            "CustomResource deletion will begin soon",
        )
        ends = stored.metadata.deletion_timestamp
        assert ends is not None
        conditions = with_condition(status.conditions, condition, ends)
        finalizers = stored.metadata.finalizers
        if FINALIZER not in finalizers:
            finalizers = (*finalizers, FINALIZER)
        return replace(
            stored,
            metadata=replace(
                stored.metadata,
                finalizers=finalizers,
                # It has no grace, and its end counts as no generation.
                generation=(stored.metadata.generation or 1) - 1 or 1,
                deletion_grace_period_seconds=None,
            ),
            status=replace(status, conditions=conditions),
        )

    def is_held(self, stored: CustomResourceDefinition) -> bool:
        """Until nothing of it is left, which the server finds out after the first delete."""
        return stored.metadata.deletion_timestamp is None
