"""Claims of devices: made from templates for pods, and free again when their pods have ended.

Two controllers, so that a cluster without claims pays for neither: one makes the claims that pods ask of
templates, the other looks at each claim's users.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodResourceClaim
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.resource.v1 import (
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimStatus,
    ResourceClaimTemplate,
)
from orchestrator.client import Change, EventRecorder, Key, key_of
from orchestrator.controllers.base import KubernetesController
from orchestrator.controllers.pods import has_ended
from orchestrator.machinery.owners import controller_of, owner_reference
from orchestrator.machinery.pod_references import resource_claims_of
from orchestrator.machinery.resource_claims import (
    FINALIZER,
    POD_CLAIM_NAME,
    ClaimError,
    check_owner,
    claim_name,
    claims_named,
    consumer,
    is_reserved_for,
)
from orchestrator.protocol import NotFound

_ACCOUNT: Final = "resource-claim-controller"
_LONGEST_BASE: Final = 57  # of a generated name, of 63 with its hyphen and its random end


def is_done(pod: Pod) -> bool:
    """Whether a pod needs its claims no more: it has ended, or went before it got a node."""
    assigned = pod.spec is not None and bool(pod.spec.node_name)
    return has_ended(pod) or (pod.metadata.deletion_timestamp is not None and not assigned)


def _named_by(pod: Pod) -> list[str]:
    """`namespace/name` of the claims that a pod names itself."""
    entries = pod.spec.resource_claims if pod.spec is not None else ()
    names = (entry.resource_claim_name for entry in entries)
    return [f"{pod.metadata.namespace}/{name}" for name in names if name]


def _claims_of(pod: Pod) -> list[str]:
    """`namespace/name` of the claims that a pod uses, as far as they are there."""
    namespace = pod.metadata.namespace
    return [f"{namespace}/{name}" for name in resource_claims_of(pod) if name]


def _templates_of(pod: Pod) -> list[str]:
    """`namespace/name` of the templates of a pod's claims."""
    entries = pod.spec.resource_claims if pod.spec is not None else ()
    names = (entry.resource_claim_template_name for entry in entries)
    return [f"{pod.metadata.namespace}/{name}" for name in names if name]


def _owner_uids(claim: ResourceClaim) -> list[str]:
    return [each.uid for each in claim.metadata.owner_references if each.controller]


class ResourceClaimTemplateController(KubernetesController):
    """Makes claims for pods that name templates, and says in a pod's status which is which.

    Its keys are pods'. It sleeps while there is no template.
    """

    name = "resource-claim-template"
    account = _ACCOUNT
    kind = ResourceClaimTemplate
    dormant = True

    def prepare(self) -> None:
        """Events are said by the name that the original has there."""
        self.events = EventRecorder(
            self.ctx,
            self.client.api,
            "resource_claim",
            enabled=self._wiring.record_events,
            identity=self._wiring.identity,
            field_manager=self._wiring.field_manager or self.name,
        )

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod that comes or loses its status, a claim that goes."""
        return {Pod: self._of_pod, ResourceClaim: self._of_claim}

    def own_keys(self, change: Change[ResourceClaimTemplate]) -> Iterable[Key]:
        """A template that comes is what its pods have waited for."""
        key = key_of(change.latest)
        if change.new is None or change.old is not None:
            return ()
        return self._pods_of(key)

    def initial_keys(self) -> Iterable[Key]:
        """All pods that name templates."""
        return [key_of(pod) for pod in self.cache(Pod).list() if _templates_of(pod)]

    def _pods_of(self, template: Key) -> list[Key]:
        pods = self.cache(Pod)
        pods.add_index("template", _templates_of)  # not before there is a template
        name = f"{template.namespace}/{template.name}"
        return [key_of(pod) for pod in pods.by_index("template", name)]

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        pod = change.new
        if pod is None or pod.spec is None or not pod.spec.resource_claims:
            return ()
        return (key_of(pod),) if _templates_of(pod) else ()

    def _of_claim(self, change: Change[ResourceClaim]) -> Iterable[Key]:
        if change.new is not None:
            return ()
        owner = controller_of(change.latest)
        if owner is None or owner.kind != "Pod":
            return ()
        return (Key(change.latest.metadata.namespace, owner.name),)

    def _lacks(self, pod: Pod, entry: PodResourceClaim) -> bool:
        """Whether a claim is to be made for an entry of a pod."""
        if entry.resource_claim_template_name is None:
            return False
        try:
            name = claim_name(pod, entry)
            claim = self.cache(ResourceClaim).get(pod.metadata.namespace, name) if name else None
            if name is None:
                return False
            if claim is not None:
                check_owner(pod, claim)
        except ClaimError:
            return True
        return claim is None

    async def reconcile(self, key: Key) -> float | None:
        """Make the claims that a pod lacks."""
        pod = self.cache(Pod).get(*key)
        if pod is None or pod.spec is None or pod.metadata.deletion_timestamp is not None:
            return None
        made = {}
        for entry in pod.spec.resource_claims:
            if not self._lacks(pod, entry):
                continue
            try:
                made[entry.name] = await self._found_or_made(pod, entry)
            except Exception as error:
                words = f"PodResourceClaim {entry.name}: {error}"
                self.events.event(pod, "Warning", "FailedResourceClaimCreation", words)
                raise
        if made:
            statuses = [{"name": n, "resourceClaimName": c} for n, c in made.items()]
            await self.client.patch(
                Pod,
                key.name,
                {
                    "metadata": {"uid": pod.metadata.uid},
                    "status": {"resourceClaimStatuses": statuses},
                },
                namespace=key.namespace,
                patch_type="strategic",
                subresource="status",
            )
        return None

    async def _found_or_made(self, pod: Pod, entry: PodResourceClaim) -> str:
        """The name of the claim for an entry: one that was made before, or a new one."""
        claims = self.cache(ResourceClaim)
        claims.add_index("owner", _owner_uids)
        for claim in claims.by_index("owner", pod.metadata.uid):
            if claim.metadata.annotations.get(POD_CLAIM_NAME) == entry.name:
                return claim.metadata.name
        namespace, name = pod.metadata.namespace, entry.resource_claim_template_name or ""
        template = self.cache(ResourceClaimTemplate).get(namespace, name)
        if template is None:
            raise _no_template(name)
        claim = await self.client.create(_stamped(pod, entry.name, template))
        return claim.metadata.name


def _no_template(name: str) -> NotFound:
    return NotFound(
        f'resource claim template "{name}": resourceclaimtemplate.resource.k8s.io "{name}" not found'
    )


def _stamped(pod: Pod, entry: str, template: ResourceClaimTemplate) -> ResourceClaim:
    """The claim of a template for an entry of a pod, whose name it has with a random end."""
    given = template.spec.metadata
    return ResourceClaim(
        metadata=ObjectMeta(
            generate_name=_base_name(pod.metadata.name, entry),
            namespace=pod.metadata.namespace,
            labels=given.labels,
            annotations={**given.annotations, POD_CLAIM_NAME: entry},
            owner_references=(owner_reference(pod, block_owner_deletion=False),),
        ),
        spec=template.spec.spec,
    )


def _base_name(pod: str, entry: str) -> str:
    name = f"{pod}-{entry}-"
    if len(name) <= _LONGEST_BASE:
        return name
    longest = len(name)
    return f"{pod[: len(pod) * _LONGEST_BASE // longest]}-{entry[: len(entry) * _LONGEST_BASE // longest]}"


class ResourceClaimController(KubernetesController):
    """Takes pods that have ended from claims, sets the devices free that nobody uses any more, deletes
    claims that were made for pods that have ended, and reserves claims for pods that have a node already.
    """

    name = "resource-claim"
    account = _ACCOUNT
    kind = ResourceClaim
    dormant = True

    def initial_keys(self) -> Iterable[Key]:
        """All claims: a former incarnation may have set one free and not taken its finalizer."""
        self._unseen = dict.fromkeys(key_of(each) for each in self.cache(ResourceClaim).list())
        return list(self._unseen)

    def watches(self) -> Mapping[Any, Callable[[Change[Any]], Iterable[Key]]]:
        """A pod that gets a node, ends or goes concerns the claims that it uses."""
        return {Pod: self._of_pod}

    def _of_pod(self, change: Change[Pod]) -> Iterable[Key]:
        pod = change.latest
        if pod.spec is None or not (pod.spec.resource_claims or _has_extended(pod)):
            return ()
        return [Key(*name.split("/", 1)) for name in _claims_of(pod)]

    async def reconcile(self, key: Key) -> float | None:
        """Look at the users of one claim."""
        claim = self.cache(ResourceClaim).get(*key)
        unseen = self._unseen.pop(key, key) is None
        if claim is None:
            return None
        users = claim.status.reserved_for if claim.status is not None else ()
        left = tuple([each for each in users if await self._uses(key.namespace, each)])
        if len(left) < len(users):
            claim = await self._keep(claim, left)
        elif not left and (_is_deleted(claim) or (unseen and not _is_allocated(claim))):
            claim = await self._keep(claim, ())
        if not left and await self._delete_unused(claim):
            return None
        await self._reserve(claim)
        return None

    async def _uses(self, namespace: str, user: ResourceClaimConsumerReference) -> bool:
        """Whether a user still needs a claim; who is no pod does."""
        if user.api_group or user.resource != "pods":
            return True
        pod = self.cache(Pod).get(namespace, user.name)
        if pod is None:
            try:  # it may be newer than the cache
                pod = await self.client.get(Pod, user.name, namespace=namespace)
            except NotFound:
                return False
        return pod.metadata.uid == user.uid and not is_done(pod)

    async def _keep(
        self, claim: ResourceClaim, users: tuple[ResourceClaimConsumerReference, ...]
    ) -> ResourceClaim:
        """Write who still uses a claim; when that is nobody its devices are free."""
        status = claim.status or ResourceClaimStatus()
        protected = FINALIZER in claim.metadata.finalizers
        free = not users and protected
        changed = replace(
            status, reserved_for=users, allocation=None if free else status.allocation
        )
        if changed != status:
            claim = await self.client.update_status(replace(claim, status=changed))
        if free:
            kept = tuple(f for f in claim.metadata.finalizers if f != FINALIZER)
            claim = await self.client.update(
                replace(claim, metadata=replace(claim.metadata, finalizers=kept))
            )
        return claim

    async def _delete_unused(self, claim: ResourceClaim) -> bool:
        """Delete a claim that was made for a pod that has ended; answers whether it goes."""
        owner = controller_of(claim)
        if owner is None or owner.kind != "Pod" or owner.api_version != "v1":
            return False
        metadata = claim.metadata
        pod = self.cache(Pod).get(metadata.namespace, owner.name)
        if pod is None or (pod.metadata.uid == owner.uid and not is_done(pod)):
            return False  # without its pod the garbage collector takes it
        if not _is_deleted(claim):
            await self.client.delete(
                ResourceClaim, metadata.name, namespace=metadata.namespace, uid=metadata.uid
            )
        return True

    async def _reserve(self, claim: ResourceClaim) -> None:
        """Reserve an allocated claim for pods that came to their node without the scheduler."""
        if claim.status is None or not _is_allocated(claim):
            return
        users = claim.status.reserved_for
        for pod in self._users(claim):
            waits = _waits_on_node(pod) and not is_reserved_for(claim, pod.metadata.uid)
            if waits and _names(pod, claim):
                users = (*users, consumer(pod))
        if users != claim.status.reserved_for:
            status = replace(claim.status, reserved_for=users)
            await self.client.update_status(replace(claim, status=status))

    def _users(self, claim: ResourceClaim) -> list[Pod]:
        """The pods that name a claim, and the one that it was made for."""
        metadata = claim.metadata
        pods = self.cache(Pod)
        pods.add_index("resource claim", _named_by)  # not before there is a claim
        found = list(pods.by_index("resource claim", f"{metadata.namespace}/{metadata.name}"))
        owner = controller_of(claim)
        own = pods.get(metadata.namespace, owner.name) if owner is not None else None
        return [*found, own] if own is not None else found


def _is_deleted(claim: ResourceClaim) -> bool:
    return claim.metadata.deletion_timestamp is not None


def _is_allocated(claim: ResourceClaim) -> bool:
    return claim.status is not None and claim.status.allocation is not None


def _has_extended(pod: Pod) -> bool:
    return pod.status is not None and pod.status.extended_resource_claim_status is not None


def _waits_on_node(pod: Pod) -> bool:
    assigned = pod.spec is not None and bool(pod.spec.node_name)
    return assigned and not has_ended(pod) and pod.metadata.deletion_timestamp is None


def _names(pod: Pod, claim: ResourceClaim) -> bool:
    """Whether a pod may use a claim: it names it, or the claim was made for it."""
    try:
        for entry, name in claims_named(pod):
            if name == claim.metadata.name:
                if entry.resource_claim_name is None:
                    check_owner(pod, claim)
                return True
    except ClaimError:
        return False
    return False
