"""What a Cluster's owner adds is served over HTTPS, too, and its faults are answered."""

from pathlib import Path
from typing import Any

from orchestrator import Cluster
from orchestrator.api.scheme import Resource
from orchestrator.apiserver.admission import Admission, AdmissionPlugin, AdmissionRequest, Reader
from tests.apiserver.http.conftest import caller

WIDGETS = Resource(
    "example.test",
    "v1",
    "widgets",
    "Widget",
    namespaced=True,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
)


class Broken(AdmissionPlugin):
    """A plugin with a fault."""

    name = "Broken"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return resource.key == "configmaps"

    def admit(self, request: AdmissionRequest, reader: Reader) -> Any:
        if request.name == "a":
            raise KeyError("x")
        return request.object


async def test_a_fault_is_a_status_with_an_id(tmp_path: Path) -> None:
    """500 and Kubernetes' InternalError, for the one request that met it."""
    async with Cluster(nodes=0, admission=Admission(plugins=(Broken(),))) as cluster:
        front = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as call:
            path = "/api/v1/namespaces/default/"
            code, status = await call("POST", path + "configmaps", {"metadata": {"name": "a"}})
            assert (code, status["reason"], status["code"]) == (500, "InternalError", 500)
            text = "Internal error occurred: KeyError (logged with id "
            assert status["message"].startswith(text)
            code, _ = await call("POST", path + "secrets", {"metadata": {"name": "a"}})
            assert code == 201
            assert cluster.api.restarts == 0


async def test_a_resource_of_ones_own_has_its_paths(tmp_path: Path) -> None:
    """In discovery and for objects."""
    async with Cluster(nodes=0, resources=(WIDGETS,)) as cluster:
        front = await cluster.serve()
        async with caller(front, front.pki.admin, tmp_path) as call:
            _, found = await call("GET", "/apis/example.test/v1")
            assert [each["name"] for each in found["resources"]] == ["widgets"]
            path = "/apis/example.test/v1/namespaces/default/widgets"
            body = {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "a"}}
            code, made = await call("POST", path, {**body, "spec": {"size": 1}})
            assert (code, made["spec"]) == (201, {"size": 1})
