"""What k9s asks of a cluster while somebody walks through it: no binary of it can be installed here, so
its requests are made as its source makes them (v0.50: client-go's dynamic informers, tables, reviews).
"""

import base64
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator import serving
from orchestrator.api.apps.v1 import Deployment
from orchestrator.cluster.hosted import ServedCluster
from tests.manifests import deployment

TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,"
    "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)
WEB = "/apis/apps/v1/namespaces/default/deployments/web"
PODS = "/api/v1/namespaces/default/pods"


class K9s:
    """One connection with the administrator's certificate."""

    def __init__(self, cluster: ServedCluster, folder: Path) -> None:
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        user = config["users"][0]["user"]
        pem = folder / "client.pem"
        pem.write_bytes(
            base64.b64decode(user["client-certificate-data"])
            + base64.b64decode(user["client-key-data"])
        )
        authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
        context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
        context.load_cert_chain(pem)
        host = cluster.url.removeprefix("https://")
        self._connection = http.client.HTTPSConnection(host, context=context, timeout=30)

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
        """The decoded answer of a request that succeeds."""
        wanted = {"Accept": "application/json", "Content-Type": "application/json"}
        wanted |= {name.replace("_", "-"): value for name, value in headers.items()}
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, wanted)
        with self._connection.getresponse() as response:
            read = response.read()
        assert response.status in (200, 201), (path, read)
        return json.loads(read)

    def close(self) -> None:
        """It goes."""
        self._connection.close()

    def lines(self, path: str, count: int) -> list[bytes]:
        """The first lines of an answer that does not end."""
        self._connection.request("GET", path)
        with self._connection.getresponse() as response:
            assert response.status == 200, (path, response.read())
            lines = [response.readline() for _ in range(count)]
        self._connection.close()
        return lines


@pytest.fixture(scope="module")
def k9s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K9s]:
    """A cluster with what installers bring, the metrics API among it, and a Deployment of two."""
    with serving(nodes=2, furnished=True) as cluster:
        web = deployment("web", 2)
        web["spec"]["template"]["metadata"]["annotations"] = {
            "simulation.orchestrator.dev/log-line": "request {n}"
        }
        cluster.apply([web])
        cluster.wait(Deployment, "web", "condition=Available", timeout=60)
        client = K9s(cluster, tmp_path_factory.mktemp("k9s"))
        yield client
        client.close()


def test_it_connects_and_looks_for_metrics(k9s: K9s) -> None:
    """The header of its screen: the version, the groups, the namespaces, what the nodes use."""
    assert k9s.ask("/version")["gitVersion"].startswith("v1.36")
    groups = {group["name"]: group for group in k9s.ask("/apis")["groups"]}
    assert "v1beta1" in {each["version"] for each in groups["metrics.k8s.io"]["versions"]}
    names = {each["metadata"]["name"] for each in k9s.ask("/api/v1/namespaces")["items"]}
    assert {"default", "kube-system"} <= names
    nodes = k9s.ask("/apis/metrics.k8s.io/v1beta1/nodes?limit=100")["items"]
    assert {"cpu", "memory"} <= nodes[0]["usage"].keys()
    table = k9s.ask("/apis/metrics.k8s.io/v1beta1/pods", Accept=TABLE)
    columns = [each["name"] for each in table["columnDefinitions"]]
    assert columns == ["Name", "cpu", "memory", "Window"]
    assert (
        k9s.ask("/apis/metrics.k8s.io/v1beta1/namespaces/default/pods")["kind"] == "PodMetricsList"
    )


@pytest.mark.parametrize("resource", ["pods", "pods/log", "pods/exec", "nodes", "secrets"])
def test_it_asks_what_it_may(k9s: K9s, resource: str) -> None:
    """A review for each verb before it shows a key."""
    name, _, subresource = resource.partition("/")
    attributes = {"version": "v1", "resource": name, "subresource": subresource, "verb": "get"}
    spec = {"resourceAttributes": {"namespace": "default", **attributes}}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert k9s.ask(path, "POST", {**review, "spec": spec})["status"]["allowed"] is True


def test_every_resource_has_a_table_and_a_watch(k9s: K9s) -> None:
    """What its command prompt can be asked for: listed as a Table, and followed by a dynamic informer."""
    versions = [("/api/v1", k9s.ask("/api/v1"))]
    for group in k9s.ask("/apis")["groups"]:
        path = f"/apis/{group['preferredVersion']['groupVersion']}"
        versions.append((path, k9s.ask(path)))
    seen = set()
    for path, resources in versions:
        for each in resources["resources"]:
            if "list" not in each["verbs"] or "/" in each["name"]:
                continue
            seen.add(each["kind"])
            where = f"{path}/{each['name']}"
            table = k9s.ask(f"{where}?includeObject=Object", Accept=TABLE)
            assert table["kind"] == "Table", where
            assert "Name" in {each["name"] for each in table["columnDefinitions"]}, where
            rows = (
                table["rows"] or ()
            )  # null, where nothing but names would be shown, and there are none
            assert all(row["object"]["metadata"]["name"] for row in rows), where
            if "watch" not in each["verbs"]:
                continue
            listed = k9s.ask(f"{where}?limit=500&resourceVersion=0")
            revision = listed["metadata"]["resourceVersion"]
            query = (
                f"allowWatchBookmarks=true&resourceVersion={revision}&timeoutSeconds=0&watch=true"
            )
            assert k9s.lines(f"{where}?{query}", 0) == []
    assert {"Pod", "Deployment", "CustomResourceDefinition", "NodeMetrics", "APIService"} <= seen


def test_it_follows_a_log(k9s: K9s) -> None:
    """With the time of each line, from the last hundred on."""
    pod = k9s.ask(f"{PODS}?labelSelector=app%3Dweb")["items"][0]
    container = pod["spec"]["containers"][0]["name"]
    path = f"{PODS}/{pod['metadata']['name']}/log"
    query = f"container={container}&follow=true&tailLines=100&timestamps=true"
    (line,) = k9s.lines(f"{path}?{query}", 1)
    assert line.rstrip().endswith(b"Z request 0")


def test_it_scales_restarts_and_deletes(k9s: K9s) -> None:
    """The keys s, r and Ctrl-D on a Deployment and its pods."""
    scale = k9s.ask(f"{WEB}/scale")
    scale["spec"]["replicas"] = 3
    assert k9s.ask(f"{WEB}/scale", "PUT", scale)["spec"]["replicas"] == 3
    at = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    patch = {"spec": {"template": {"metadata": {"annotations": at}}}}
    strategic = "application/strategic-merge-patch+json"
    answer = k9s.ask(WEB, "PATCH", patch, Content_Type=strategic)
    assert answer["spec"]["template"]["metadata"]["annotations"].items() >= at.items()
    pod = k9s.ask(PODS)["items"][0]["metadata"]["name"]
    options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
    assert k9s.ask(f"{PODS}/{pod}", "DELETE", options)["metadata"]["name"] == pod
