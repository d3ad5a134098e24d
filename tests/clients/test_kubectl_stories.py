"""What people do with a cluster, done with kubectl: the long stories."""

import base64
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.clients.conftest import Kubectl
from tests.manifests import deployment

EXAMPLES = Path("examples")
SHOP = Path(__file__).parent / "manifests" / "shop.yaml"
PODS_BY_NODE = "jsonpath={range .items[*]}{.spec.nodeName}{'\\n'}{end}"


def _manifest(**options: object) -> str:
    document = deployment(**options)  # type: ignore[arg-type]
    del document["metadata"]["namespace"]
    return yaml.safe_dump(document)


def _until(happened: object, seconds: float = 60) -> None:
    assert callable(happened)
    deadline = time.perf_counter() + seconds
    while not happened():
        assert time.perf_counter() < deadline, "it did not happen in time"
        time.sleep(0.2)


def _nodes(kubectl: Kubectl, selector: str) -> list[str]:
    return kubectl("get", "pods", "-l", selector, "-o", PODS_BY_NODE).split()


@pytest.fixture(scope="module")
def crashed(kubectl: Kubectl) -> tuple[Kubectl, str]:
    """A node without power, whose pods may stay for five seconds; others look at it later."""
    here = kubectl.within("crash")
    tolerations = [
        {
            "key": f"node.kubernetes.io/{key}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 5,
        }
        for key in ("unreachable", "not-ready")
    ]
    here("apply", "-f", "-", stdin=_manifest(replicas=20, tolerations=tolerations))
    here("rollout", "status", "deployment/web", "--timeout=60s")
    node = _nodes(here, "app=web")[0]
    kubectl("cordon", node)  # nobody notices for 40 s, and other tests' pods would go there
    kubectl("annotate", "node", node, "simulation.orchestrator.dev/power=off")
    return here, node


def test_the_guestbook_comes_up(crashed: object, kubectl: Kubectl) -> None:
    here = kubectl.within("guestbook")
    here("apply", "-f", str(EXAMPLES / "guestbook.yaml"))
    for name in ("redis-leader", "redis-follower", "frontend"):
        here("rollout", "status", f"deployment/{name}", "--timeout=60s")
    assert len(here("get", "pods", "-o", "name").split()) == 6
    _until(lambda: here("get", "endpointslices", "-o", "wide").count("10.128.") >= 1)
    again = here("apply", "-f", str(EXAMPLES / "guestbook.yaml"))
    assert again.count("unchanged") == 6


def test_a_shop_of_many_kinds_comes_up_and_goes(kubectl: Kubectl) -> None:
    here = kubectl.within("shop")
    made = here("apply", "-f", str(SHOP))
    assert len(made.splitlines()) == 16
    for name in ("shop", "shop-database"):
        here("rollout", "status", f"deployment/{name}", "--timeout=60s")
    here("wait", "--for=condition=Complete", "job/shop-import", "--timeout=60s")
    again = here("apply", "-f", str(SHOP)).splitlines()
    # What is written as stringData is read as data, and so looks new each time. A strategy without its type
    # and a budget's selector are sent each time, too: the schema says that kubectl should not merge them.
    changed = [line for line in again if not line.endswith("unchanged")]
    assert changed == [
        "secret/shop-database configured",
        "deployment.apps/shop configured",
        "poddisruptionbudget.policy/shop configured",
    ]
    path = "jsonpath={.data.password}"
    encoded = here("get", "secret", "shop-database", "-o", path)
    assert base64.b64decode(encoded).decode() == "p:ä#ss"
    listed = here("get", "all,cm,secret,ing,netpol,pdb,hpa,cj,pvc,role,rolebinding", "-o", "name")
    assert "ingress.networking.k8s.io/shop" in listed.split()
    pods = here("get", "pods", "-l", "component=web", "--no-headers")
    assert [line.split()[1] for line in pods.splitlines()] == ["2/2"] * 3
    gone = here("delete", "-f", str(SHOP), "--timeout=60s")
    assert gone.count("deleted") == 16
    _until(lambda: here("get", "pods", "-o", "name") == "")


def test_roll_out_undo_restart_scale(kubectl: Kubectl) -> None:
    here = kubectl.within("rollout")
    here("apply", "-f", "-", stdin=_manifest(replicas=5))
    here("rollout", "status", "deployment/web", "--timeout=60s")
    watch = subprocess.Popen(
        here.command("get", "pods", "-w", "--no-headers"),
        stdout=subprocess.PIPE,
        text=True,
        env=here.environment,
    )
    try:
        here("set", "image", "deployment/web", "web=web:2")
        here("rollout", "status", "deployment/web", "--timeout=60s")
        image = "jsonpath={.spec.template.spec.containers[0].image}"
        assert here("get", "deployment", "web", "-o", image) == "web:2"
        history = here("rollout", "history", "deployment/web")
        assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
        here("rollout", "undo", "deployment/web")
        here("rollout", "status", "deployment/web", "--timeout=60s")
        assert here("get", "deployment", "web", "-o", image) == "web:1"
        sets = here("get", "rs", "-o", "name").split()
        assert len(sets) == 2
        here("rollout", "restart", "deployment/web")
        here("rollout", "status", "deployment/web", "--timeout=60s")
        here("scale", "deployment/web", "--replicas=200")
        here("rollout", "status", "deployment/web", "--timeout=90s")
        assert len(here("get", "pods", "-o", "name").split()) >= 200
        assert "200/200" in here("get", "deployment", "web")
    finally:
        watch.terminate()
        seen, _ = watch.communicate(timeout=20)
    names = {line.split()[0] for line in seen.splitlines()}
    statuses = {line.split()[2] for line in seen.splitlines()}
    assert len(names) >= 205
    assert {"Pending", "ContainerCreating", "Running", "Terminating"} <= statuses


def test_a_drained_node_is_empty_until_it_is_uncordoned(kubectl: Kubectl) -> None:
    here = kubectl.within("drain")
    here("apply", "-f", "-", stdin=_manifest(replicas=60))
    here("rollout", "status", "deployment/web", "--timeout=60s")
    node = _nodes(here, "app=web")[0]
    # Pods that other tests left on the node may have no controller, and a drain stops at them.
    drained = ("--pod-selector=app=web", "--ignore-daemonsets", "--timeout=60s")
    printed = here("drain", node, *drained)
    assert f"node/{node} drained" in printed
    here("rollout", "status", "deployment/web", "--timeout=60s")
    assert node not in _nodes(here, "app=web")
    assert "SchedulingDisabled" in kubectl("get", "node", node)
    kubectl("uncordon", node)
    assert "SchedulingDisabled" not in kubectl("get", "node", node)


def test_a_namespace_goes_with_everything_in_it(kubectl: Kubectl) -> None:
    here = kubectl.within("doomed")
    here("apply", "-f", str(EXAMPLES / "guestbook.yaml"))
    here("create", "configmap", "settings", "--from-literal=a=b")
    here("rollout", "status", "deployment/frontend", "--timeout=60s")
    kubectl("delete", "namespace", "doomed", "--timeout=60s")
    assert "NotFound" in kubectl.refused("get", "namespace", "doomed")
    assert here("get", "all,configmaps,endpoints,endpointslices", "-o", "name") == ""


def test_a_job_runs_to_its_end(kubectl: Kubectl) -> None:
    here = kubectl.within("jobs")
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "sum"},
        "spec": {
            "completions": 4,
            "parallelism": 2,
            "template": {
                "metadata": {"annotations": {"simulation.orchestrator.dev/run-seconds": "1"}},
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "c", "image": "busybox"}],
                },
            },
        },
    }
    here("apply", "-f", "-", stdin=yaml.safe_dump(job))
    here("wait", "--for=condition=Complete", "job/sum", "--timeout=60s")
    assert "4/4" in here("get", "job", "sum")


def test_the_pods_of_a_crashed_node_are_replaced_elsewhere(
    crashed: tuple[Kubectl, str], kubectl: Kubectl
) -> None:
    here, node = crashed
    _until(lambda: "NotReady" in kubectl("get", "node", node), 120)

    def replaced() -> bool:
        pods = here("get", "pods", "-l", "app=web", "--field-selector", f"spec.nodeName!={node}")
        return pods.count("Running") == 20

    _until(replaced, 60)
    kubectl("annotate", "node", node, "simulation.orchestrator.dev/power-")
    kubectl("uncordon", node)
    kubectl("wait", "--for=condition=Ready", f"node/{node}", "--timeout=60s")
    _until(lambda: len(here("get", "pods", "-o", "name").split()) == 20, 60)
