"""A server's store as a dictionary, and requests as the pipeline makes them."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from orchestrator.api.codec import from_dict
from orchestrator.api.core.v1 import Namespace, Pod, ServiceAccount
from orchestrator.api.scheme import DEFAULT, Resource, Scheme, resource_of
from orchestrator.apiserver.admission import AdmissionPlugin, AdmissionRequest, Operation
from orchestrator.protocol import ADMIN

K = TypeVar("K", bound=Any)

META = {"name": "web", "namespace": "default", "uid": "u"}


def make(kind: type[K], document: Mapping[str, Any]) -> K:
    """An object from its document."""
    return from_dict({"metadata": META, **document}, kind)


def pod(**spec: Any) -> Pod:
    """A pod of one container, or as the spec says."""
    return make(Pod, {"spec": {"containers": [{"name": "c", "image": "a"}], **spec}})


class Objects:
    """Answers reads from a list of objects."""

    def __init__(self, *objects: Any) -> None:
        self._objects = list(objects)
        self.reads = 0

    @property
    def random(self) -> Random:
        return Random(0)

    @property
    def scheme(self) -> Scheme:
        return DEFAULT

    def now(self) -> float:
        return 0.0

    def uid(self) -> str:
        return "uid"

    def kubelet_of(self, _node: str) -> None:
        """There are no nodes."""

    def get(self, kind: type[K], name: str, namespace: str = "") -> K | None:
        self.reads += 1
        for each in self.list(kind, namespace):
            if each.metadata.name == name:
                return each
        return None

    def list(self, kind: type[K], namespace: str = "") -> Sequence[K]:
        self.reads += 1
        return [
            each
            for each in self._objects
            if type(each) is kind and namespace in ("", each.metadata.namespace)
        ]

    def resource_of(self, api_version: str, kind: str) -> Resource:
        return Scheme.builtin().by_kind(api_version, kind)

    def stored(self, resource: Resource, name: str, namespace: str = "") -> Any:
        return self.get(resource.type, name, namespace)

    def all_stored(self, resource: Resource, namespace: str = "") -> Sequence[Any]:
        return self.list(resource.type, namespace)


def cluster(*objects: Any) -> Objects:
    """A cluster with a default namespace and its account, and these objects."""
    namespace = from_dict({"metadata": {"name": "default"}}, Namespace)
    account = from_dict({"metadata": {"name": "default", "namespace": "default"}}, ServiceAccount)
    return Objects(namespace, account, *objects)


def request(
    obj: Any, operation: Operation = "CREATE", *, old: Any = None, subresource: str = ""
) -> AdmissionRequest:
    """The write of an object."""
    meta = (obj if obj is not None else old).metadata
    return AdmissionRequest(
        operation=operation,
        resource=resource_of(type(obj if obj is not None else old)),
        name=meta.name,
        namespace=meta.namespace,
        subresource=subresource,
        identity=ADMIN,
        object=obj,
        old_object=old,
    )


def admitted(plugin: AdmissionPlugin, obj: K, reader: Objects, **how: Any) -> K:
    """What the plugin makes of the object; it must want to see it, and be idempotent."""
    asked = request(obj, **how)
    assert plugin.handles(asked.operation, asked.resource, asked.subresource)
    result: K = plugin.admit(asked, reader)
    again = request(result, **how)
    assert plugin.admit(again, reader) == result
    plugin.validate(again, reader)
    return result
