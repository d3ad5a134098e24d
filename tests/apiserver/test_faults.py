"""One request, one fate: what goes wrong inside of a request ends that request and no other."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors import run
from orchestrator.api import codec
from orchestrator.api.authorization.v1 import SelfSubjectAccessReview
from orchestrator.api.core.v1 import (
    Binding,
    ConfigMap,
    FCVolumeSource,
    ObjectReference,
    PersistentVolume,
    Service,
    ServiceSpec,
)
from orchestrator.api.core.v1 import PersistentVolumeSpec as VolumeSpec
from orchestrator.api.generate.names import type_name
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.policy.v1 import Eviction
from orchestrator.api.scheme import DEFAULT, Resource
from orchestrator.apiserver import Attributes, Authorizer, Decision
from orchestrator.apiserver.admission import AdmissionPlugin, AdmissionRequest, Operation, Reader
from orchestrator.protocol import (
    ApiError,
    Create,
    Delete,
    DeleteCollection,
    Get,
    Identity,
    InternalError,
    List,
    Patch,
    Update,
    Watch,
    status_of,
)
from orchestrator.store import MemoryStore, Write
from tests.api.drawing import DEFINITIONS, draw_definition
from tests.apiserver.harness import NAMESPACE, Api, meta, refused
from tests.apiserver.stores import GroupCommitStore

BROKEN = Identity("broken")


WRITABLE = [each for each in DEFAULT.resources() if "create" in each.verbs]


class Faulty(AdmissionPlugin):
    """An admission plugin with a fault in one of its methods."""

    name = "Faulty"

    def __init__(self, method: str) -> None:
        self.method = method

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        return resource.plural == "configmaps"

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        self._fail("admit", request)
        return request.object

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        self._fail("validate", request)

    def _fail(self, method: str, request: AdmissionRequest) -> None:
        if method == self.method and request.name == "broken":
            raise KeyError("x")


class FaultyAuthorizer(Authorizer):
    """An authorizer that fails for one user."""

    def decide(self, identity: Identity, attributes: Attributes) -> Decision:
        if identity.name == "broken":
            raise ZeroDivisionError
        return Decision()


@pytest.mark.parametrize("method", ["admit", "validate"])
@pytest.mark.parametrize("engine", [MemoryStore, GroupCommitStore])
async def test_a_fault_answers_500_under_an_id_that_the_log_repeats(
    method: str, engine: type[MemoryStore], caplog: pytest.LogCaptureFixture
) -> None:
    """The asker learns where to look, the log says what happened, and the server goes on."""
    async with Api(store=engine(), admission=(Faulty(method),)) as api:
        error = await refused(InternalError, api.create(ConfigMap(metadata=meta("broken"))))
        line, traceback = caplog.records[-2:]
        assert line.message.startswith("request failed")
        fields = vars(line)["fields"]
        assert (fields["request"], fields["resource"]) == ("Create", "configmaps")
        assert vars(traceback)["fields"]["id"] == fields["id"]
        assert traceback.exc_info is not None
        assert isinstance(traceback.exc_info[1], KeyError)
        text = f"KeyError (logged with id {fields['id']})"
        status = status_of(error)
        assert (status.code, status.reason) == (500, "InternalError")
        assert status.message == f"Internal error occurred: {text}"
        assert status.details is not None
        assert [cause.message for cause in status.details.causes] == [text]
        assert await api.create(ConfigMap(metadata=meta("sound")))
        assert api.ref.restarts == 0


async def test_every_kind_of_request_is_kept_apart() -> None:
    """Reads, watches, writes and reviews alike."""
    async with Api(authorizer=FaultyAuthorizer()) as api, api.inbox() as inbox:
        maps = api.resource(ConfigMap)
        about: dict[str, Any] = {"resource": maps, "namespace": NAMESPACE, "identity": BROKEN}
        new = ConfigMap(metadata=meta("x"))
        for request in (
            Get(name="x", **about),
            List(**about),
            Watch(sink=inbox.ref, token="t", **about),
            Update(name="x", object=new, **about),
            Delete(name="x", **about),
            DeleteCollection(**about),
            api.creation(new, identity=BROKEN),
            api.creation(SelfSubjectAccessReview(), identity=BROKEN),
        ):
            await refused(InternalError, api.ref.ask(request))
        assert api.ref.restarts == 0


async def test_a_fault_in_a_collection_spares_the_other_objects() -> None:
    """The request answers 500; what could be deleted is deleted."""
    async with Api(admission=(Faulty("validate"),)) as api:
        api.store.commit(
            Write("configmaps", NAMESPACE, "broken", ConfigMap(metadata=meta("broken"))),
            lambda _outcome: None,
        )
        await api.create(ConfigMap(metadata=meta("sound")))
        whole = DeleteCollection(resource=api.resource(ConfigMap), namespace=NAMESPACE)
        await refused(InternalError, api.ref.ask(whole))
        assert await api.list(ConfigMap) == ["broken"]


async def test_a_fibre_channel_volume_is_stored(api: Api) -> None:
    """By its world wide names."""
    source = FCVolumeSource(target_wwns=("500a0982991b8dc5",), lun=2)
    spec = VolumeSpec(fc=source, capacity={"storage": "5Gi"}, access_modes=("ReadWriteOnce",))
    stored = await api.create(PersistentVolume(metadata=ObjectMeta(name="disk"), spec=spec))
    assert stored.spec.fc == source


# --- whatever the schema allows -------------------------------------------------------------


def _definition(resource: Resource) -> str:
    for name in DEFINITIONS:
        group, version, kind = type_name(name)
        if resource.module.endswith(f"{group}.{version}") and kind == resource.type_name:
            return name
    raise LookupError(resource)


def _much(depth: int) -> float:
    """Nearly everything near the root, so that every field has a value some time."""
    return 0.9 if depth < 4 else 0.5 if depth < 7 else 0.0


def _drawn(resource: Resource, random: Random) -> Any:
    kind = resource.type
    wire = draw_definition(_definition(resource), random, fill=_much)
    wire |= {"apiVersion": kind.api_version, "kind": kind.kind}
    namespace = {"namespace": NAMESPACE} if resource.namespaced else {}
    wire["metadata"] = {"name": "x", **namespace}
    return codec.from_dict(wire, kind)


def _asked_of_parts(resource: Resource, about: dict[str, Any]) -> list[Any]:
    """Reads, patches and posts of the subresources that the resource has."""
    merge: dict[str, Any] = {"patch_type": "merge", "body": {"spec": {"replicas": 2}}}
    requests: list[Any] = [Patch(**about, **merge)]
    for each in resource.subresources:
        if each.name == "scale":  # it needs a spec that validation has seen
            continue
        requests.append(Get(**about, subresource=each.name))
        requests.append(Patch(**about, **merge, subresource=each.name))
    if resource.key == "pods":
        binding = Binding(target=ObjectReference(kind="Node", name="n"))
        requests.append(Create(**about, object=binding, subresource="binding"))
        requests.append(Create(**about, object=Eviction(), subresource="eviction"))
    return requests


async def _write_in_all_ways(api: Api, resource: Resource, random: Random) -> None:
    """Create, and update over a stored object that validation never saw."""
    bucket = api.scheme.storage(resource).key
    namespace = NAMESPACE if resource.namespaced else ""
    requests: list[Any] = [api.creation(_drawn(resource, random), resource=resource)]
    if "update" in resource.verbs:
        stored = _drawn(api.scheme.storage(resource), random)
        if isinstance(stored, Service):  # the server counts the addresses of what is stored
            stored = replace(stored, spec=ServiceSpec())
        api.store.commit(Write(bucket, namespace, "x", stored), lambda _outcome: None)
        parts = ["", *(["status"] if resource.subresource("status") else [])]
        requests += [
            Update(
                resource=resource,
                object=_drawn(resource, random),
                name="x",
                namespace=namespace,
                subresource=part,
            )
            for part in parts
        ]
        about: dict[str, Any] = {"resource": resource, "name": "x", "namespace": namespace}
        requests += _asked_of_parts(resource, about)
        requests.append(Delete(**about))
    for request in requests:
        try:
            await api.ref.ask(request)
        except InternalError:
            raise
        except ApiError:
            pass


@pytest.mark.parametrize("resource", WRITABLE, ids=str)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_no_object_that_fits_the_schema_finds_a_fault(resource: Resource, seed: int) -> None:
    """Every field of every kind: what defaults, strategies and validators name is there."""

    async def main() -> None:
        async with Api(admission=()) as api:
            await _write_in_all_ways(api, resource, Random(seed))

    run(main)
