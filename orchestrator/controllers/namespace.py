"""Namespaces that are being deleted: their content goes first, then they do."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Namespace, NamespaceCondition, NamespaceStatus, Pod
from orchestrator.api.scheme import Resource
from orchestrator.client import Backoff, Change, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.pod_gc import has_ended
from orchestrator.machinery.conditions import with_condition
from orchestrator.machinery.times import format_time, parse_time
from orchestrator.protocol import ApiError, InternalError, MethodNotAllowed, NotFound

FINALIZER: Final = "kubernetes"
# How long a namespace that is deleted keeps its content: what is deleted together with it (by one
# `kubectl delete -f`) is still found, and no object that is just being created is overlooked.
GRACE_SECONDS: Final = 5.0
# How long content that stays, held by finalizers, is thought to take.
FINALIZER_SECONDS: Final = 15.0


class Remaining(Struct, frozen=True):
    """What a namespace still holds: (`resource.group`, count), (finalizer, count), and failures; and how
    long it may take to go.
    """

    content: tuple[tuple[str, int], ...]
    finalizers: tuple[tuple[str, int], ...]
    failures: tuple[str, ...]
    seconds: float = 0.0
    pods: int = 0  # they go first, and nothing else before they have gone


def conditions_for(remaining: Remaining) -> tuple[NamespaceCondition, ...]:
    """The five conditions of a namespace that is terminating, in Kubernetes' words."""
    deleted = not remaining.failures
    content = ", ".join(f"{key} has {n} resource instances" for key, n in remaining.content)
    finalizers = ", ".join(f"{key} in {n} resource instances" for key, n in remaining.finalizers)
    return (
        _condition(
            "NamespaceDeletionDiscoveryFailure",
            False,
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        _condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            False,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        _condition(
            "NamespaceDeletionContentFailure",
            not deleted,
            "ContentDeleted" if deleted else "ContentDeletionFailed",
            "All content successfully deleted, may be waiting on finalization"
            if deleted
            else f"Failed to delete all resource types, {len(remaining.failures)} remaining: "
            + ", ".join(remaining.failures),
        ),
        _condition(
            "NamespaceContentRemaining",
            bool(content),
            "SomeResourcesRemain" if content else "ContentRemoved",
            f"Some resources are remaining: {content}"
            if content
            else "All content successfully removed",
        ),
        _condition(
            "NamespaceFinalizersRemaining",
            bool(finalizers),
            "SomeFinalizersRemain" if finalizers else "ContentHasNoFinalizers",
            f"Some content in the namespace has finalizers remaining: {finalizers}"
            if finalizers
            else "All content-preserving finalizers finished",
        ),
    )


def _condition(type_: str, status: bool, reason: str, message: str) -> NamespaceCondition:
    return NamespaceCondition(
        type=type_, status="True" if status else "False", reason=reason, message=message
    )


class NamespaceController(KubernetesController):
    """Empties namespaces that are terminating and takes their finalizer away."""

    name = "namespace"
    account = "namespace-controller"
    kind = Namespace
    backoff = Backoff(
        most_seconds=60.0
    )  # a deletion that fails is tried again every minute at the least

    def own_keys(self, change: Change[Any]) -> Iterable[Any]:
        """A namespace that is going, after a while."""
        new = change.new
        if new is None or new.metadata.deletion_timestamp is None:
            return ()
        return ((key_of(new), GRACE_SECONDS),)

    async def reconcile(self, key: Key) -> float | None:
        """Delete the content; finalize when there is none."""
        namespace = self.cache(Namespace).get("", key.name)
        if namespace is None or namespace.metadata.deletion_timestamp is None:
            return None
        finalizers = namespace.spec.finalizers if namespace.spec is not None else ()
        if FINALIZER not in finalizers:
            return None
        remaining = await self._delete_content(namespace)
        if not remaining.content and not remaining.failures and not remaining.pods:
            assert namespace.spec is not None
            left = tuple(f for f in finalizers if f != FINALIZER)
            metadata = replace(namespace.metadata, resource_version="")
            done = replace(
                namespace, metadata=metadata, spec=replace(namespace.spec, finalizers=left)
            )
            try:
                await self.client.update(done, subresource="finalize")
            except NotFound:
                return None
            return None
        await self._report(namespace, remaining)
        if remaining.failures:
            return 0.0  # again, after a delay that grows
        return remaining.seconds / 2 + 1  # as Kubernetes does

    def _resources(self) -> Sequence[Resource]:
        """The resources that are deleted with their namespace, one version of each."""
        scheme = self._wiring.scheme
        found: dict[str, Resource] = {}
        for resource in scheme.resources():
            if (
                resource.namespaced
                and "list" in resource.verbs
                and "delete" in resource.verbs
                and scheme.storage(resource) is resource
            ):
                found[resource.key] = resource
        return list(found.values())

    async def _delete_content(self, namespace: Namespace) -> Remaining:
        """Delete all content; pods first, and as long as there are any, nothing else."""
        pods = self._wiring.scheme.by_type(Pod)
        content: list[tuple[str, int]] = []
        finalizers: Counter[str] = Counter()
        failures: list[str] = []
        seconds = 0.0
        for resource in (pods, *(each for each in self._resources() if each is not pods)):
            try:
                items, estimate = await self._empty(resource, namespace)
            except MethodNotAllowed:
                continue
            except ApiError as error:
                failures.append(error.message)
                continue
            if not items:
                continue
            seconds = max(seconds, estimate)
            if resource is pods:
                return Remaining((), (), (), seconds, len(items))
            content.append((f"{resource.plural}.{resource.group}", len(items)))
            finalizers.update(f for item in items for f in item.metadata.finalizers)
        return Remaining(
            tuple(sorted(content)), tuple(sorted(finalizers.items())), tuple(failures), seconds
        )

    async def _empty(
        self, resource: Resource, namespace: Namespace
    ) -> tuple[tuple[Any, ...], float]:
        """Delete the objects of a resource; answers those that stay, and for how many seconds.

        Raises `protocol.ApiError`s; InternalError when some stay that nothing holds any more.
        """
        name = namespace.metadata.name
        page = await self.client.page(resource, namespace=name)
        if not page.items:
            return (), 0.0
        seconds = _grace_seconds(page.items)
        await self.client.delete_collection(
            resource, namespace=name, propagation_policy="Background"
        )
        page = await self.client.page(resource, namespace=name)
        deleted_at = parse_time(namespace.metadata.deletion_timestamp or "")
        if self.ctx.clock.now() - deleted_at >= seconds:
            seconds = 0.0  # it should have gone by now
        if not page.items or seconds:
            return page.items, seconds
        if any(item.metadata.finalizers for item in page.items):
            return page.items, FINALIZER_SECONDS
        raise InternalError(
            f"unexpected items still remain in namespace: {name} for gvr: "
            f"{resource.group}/{resource.version}, Resource={resource.plural}"
        )

    async def _report(self, namespace: Namespace, remaining: Remaining) -> None:
        status = namespace.status or NamespaceStatus()
        conditions = status.conditions
        at = format_time(self.ctx.clock.now())
        for condition in conditions_for(remaining):
            conditions = with_condition(conditions, condition, at)
        if conditions == status.conditions:
            return
        metadata = replace(namespace.metadata, resource_version="")
        changed = replace(
            namespace, metadata=metadata, status=replace(status, conditions=conditions)
        )
        try:
            await self.client.update_status(changed)
        except NotFound:
            return


def _grace_seconds(objects: Iterable[Any]) -> float:
    """How long the last of the pods among these may take to stop."""
    return max(
        (
            float(pod.spec.termination_grace_period_seconds or 0)
            for pod in objects
            if isinstance(pod, Pod) and pod.spec is not None and not has_ended(pod)
        ),
        default=0.0,
    )
