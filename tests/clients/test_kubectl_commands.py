"""kubectl's commands one by one, with every kubectl there is."""

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.clients.conftest import Kubectl
from tests.manifests import deployment, pod, service


@pytest.fixture(scope="module")
def here(anykubectl: Kubectl, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """A namespace with a Deployment of three pods and its Service."""
    number = request.node.session.config.stash.setdefault(_NUMBER, [0])
    number[0] += 1
    namespace = f"commands-{number[0]}"
    made = anykubectl.within(namespace)
    documents = [deployment(), service()]
    for document in documents:
        del document["metadata"]["namespace"]
    made("apply", "-f", "-", stdin=yaml.safe_dump_all(documents))
    made("rollout", "status", "deployment/web", "--timeout=60s")
    yield made
    anykubectl("delete", "namespace", namespace, "--wait=false")


_NUMBER = pytest.StashKey[list[int]]()


def _columns(table: str) -> list[str]:
    return table.splitlines()[0].split()


def test_version_and_resources(anykubectl: Kubectl) -> None:
    version = json.loads(anykubectl("version", "-o", "json"))
    assert version["serverVersion"]["gitVersion"].startswith("v1.36.")
    resources = anykubectl("api-resources", "--no-headers")
    assert {"pods", "deployments", "jobs", "leases"} <= {
        r.split()[0] for r in resources.splitlines()
    }
    assert "apps/v1" in anykubectl("api-versions").split()
    assert "is running at" in anykubectl("cluster-info")


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("pods", "NAME READY STATUS RESTARTS AGE"),
        ("deployments", "NAME READY UP-TO-DATE AVAILABLE AGE"),
        ("replicasets", "NAME DESIRED CURRENT READY AGE"),
        ("services", "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE"),
        ("endpoints", "NAME ENDPOINTS AGE"),
        ("endpointslices", "NAME ADDRESSTYPE PORTS ENDPOINTS AGE"),
        ("nodes", "NAME STATUS ROLES AGE VERSION"),
        ("namespaces", "NAME STATUS AGE"),
        ("events", "LAST SEEN TYPE REASON OBJECT MESSAGE"),
        ("serviceaccounts", "NAME AGE"),
        ("configmaps", "NAME DATA AGE"),
    ],
)
def test_tables_have_kubernetes_columns(here: Kubectl, kind: str, columns: str) -> None:
    found = " ".join(_columns(here("get", kind)))
    assert found == columns or (kind == "serviceaccounts" and found == "NAME SECRETS AGE")


def test_forms_of_output(here: Kubectl) -> None:
    wide = here("get", "pods", "-o", "wide")
    assert _columns(wide)[5:7] == ["IP", "NODE"]
    assert json.loads(here("get", "deployment", "web", "-o", "json"))["spec"]["replicas"] == 3
    assert yaml.safe_load(here("get", "deployment", "web", "-o", "yaml"))["kind"] == "Deployment"
    assert here("get", "deployment", "-o", "name") == "deployment.apps/web\n"
    assert here("get", "deployment", "web", "-o", "jsonpath={.status.readyReplicas}") == "3"
    assert _columns(here("get", "pods", "-o", "custom-columns=N:.metadata.name")) == ["N"]
    assert _columns(here("get", "pods", "-A"))[0] == "NAMESPACE"
    assert len(here("get", "pods", "-l", "app=web", "-o", "name").split()) == 3
    assert here("get", "pods", "-l", "app!=web", "-o", "name") == ""
    pending = here("get", "pods", "--field-selector", "status.phase=Pending", "-o", "name")
    assert pending == ""
    assert _columns(here("get", "pods", "--show-labels"))[-1] == "LABELS"
    assert len(here("get", "pods", "--sort-by=.metadata.name", "-o", "name").split()) == 3


def test_describe_tells_the_story(here: Kubectl) -> None:
    described = here("describe", "deployment", "web")
    assert "3 desired | 3 updated | 3 total | 3 available | 0 unavailable" in described
    assert "ScalingReplicaSet" in described
    name = here("get", "pods", "-o", "name").split()[0]
    described = here("describe", name)
    for text in ("Successfully assigned", "Container started", "Running", "QoS Class"):
        assert text in described
    node = here("get", name, "-o", "jsonpath={.spec.nodeName}")
    assert "Non-terminated Pods" in here("describe", "node", node)
    assert "Endpoints:" in here("describe", "service", "web")


def test_events(here: Kubectl) -> None:
    assert "ScalingReplicaSet" in here("events")
    assert "Scheduled" in here("get", "events")


def test_labels_annotations_and_patches(here: Kubectl) -> None:
    here("label", "deployment", "web", "tier=front")
    assert "already has a value" in here.refused("label", "deployment", "web", "tier=back")
    here("label", "deployment", "web", "tier=back", "--overwrite")
    assert here("get", "deployment", "-l", "tier=back", "-o", "name") != ""
    here("label", "deployment", "web", "tier-")
    here("annotate", "deployment", "web", "note=hello")
    here("patch", "deployment", "web", "-p", '{"spec":{"replicas":4}}')
    here("patch", "deployment", "web", "--type=merge", "-p", '{"spec":{"minReadySeconds":1}}')
    operations = '[{"op":"replace","path":"/spec/replicas","value":3}]'
    here("patch", "deployment", "web", "--type=json", "-p", operations)
    spec = json.loads(here("get", "deployment", "web", "-o", "json"))["spec"]
    assert (spec["replicas"], spec["minReadySeconds"]) == (3, 1)
    here("rollout", "status", "deployment/web", "--timeout=60s")


def test_scale_and_wait(here: Kubectl) -> None:
    here("create", "deployment", "other", "--image=nginx", "--replicas=2")
    here("wait", "--for=condition=Available", "deployment/other", "--timeout=60s")
    here("scale", "deployment", "other", "--replicas=0")
    here(
        "wait", "--for=jsonpath={.status.observedGeneration}=2", "deployment/other", "--timeout=60s"
    )
    here("delete", "deployment", "other")
    here("wait", "--for=delete", "deployment/other", "--timeout=60s")


def test_pausing_a_rollout(here: Kubectl) -> None:
    here("create", "deployment", "paused", "--image=nginx")
    here("rollout", "status", "deployment/paused", "--timeout=60s")
    here("rollout", "pause", "deployment/paused")
    here("set", "image", "deployment/paused", "nginx=nginx:2")
    assert len(here("get", "rs", "-l", "app=paused", "-o", "name").split()) == 1
    here("rollout", "resume", "deployment/paused")
    here("rollout", "status", "deployment/paused", "--timeout=60s")
    here("rollout", "undo", "deployment/paused", "--to-revision=1")
    here("rollout", "status", "deployment/paused", "--timeout=60s")
    here("delete", "deployment", "paused")


def test_nodes_are_cordoned_tainted_and_labelled(here: Kubectl) -> None:
    here("cordon", "node-40")
    assert "SchedulingDisabled" in here("get", "node", "node-40")
    here("uncordon", "node-40")
    here("taint", "node", "node-40", "gpu=yes:NoSchedule")
    assert "gpu=yes:NoSchedule" in here("describe", "node", "node-40")
    here("taint", "node", "node-40", "gpu-")
    here("label", "node", "node-40", "disk=ssd")
    here("label", "node", "node-40", "disk-")


def test_explain(here: Kubectl) -> None:
    explained = here("explain", "deployment.spec.strategy")
    assert "rollingUpdate" in explained
    assert "does not exist" in here.refused("explain", "deployment.spec.nonsense")
    assert "maxSurge" in here("explain", "deployment", "--recursive")


def test_create_run_expose_and_delete(here: Kubectl) -> None:
    here("run", "single", "--image=nginx", "--port=80")
    here("wait", "--for=condition=Ready", "pod/single", "--timeout=60s")
    here("expose", "pod", "single", "--port=80", "--name=single")
    here("create", "configmap", "settings", "--from-literal=a=b")
    here("create", "secret", "generic", "secret", "--from-literal=password=x")
    assert here("get", "secret", "secret", "-o", "jsonpath={.data.password}") == "eA=="
    here("create", "serviceaccount", "robot")
    here("create", "service", "clusterip", "plain", "--tcp=80:8080")
    here("delete", "pod/single", "service/single", "--wait=true", timeout=60)
    here("delete", "configmap", "--all")
    here("delete", "secret", "secret")


def test_replace_edit_diff_and_apply_prune(here: Kubectl) -> None:
    manifest = pod("replaced")
    del manifest["metadata"]["namespace"]
    text = yaml.safe_dump(manifest)
    here("create", "-f", "-", stdin=text)
    assert "AlreadyExists" in here.refused("create", "-f", "-", stdin=text)
    manifest["metadata"]["labels"] = {"a": "b"}
    assert here.run("diff", "-f", "-", stdin=yaml.safe_dump(manifest)).returncode == 1
    here("replace", "-f", "-", "--force", stdin=yaml.safe_dump(manifest), timeout=60)
    here("apply", "-f", "-", "--dry-run=server", stdin=yaml.safe_dump(manifest))
    here("delete", "pod", "replaced", "--grace-period=0", "--force")
