"""kubectl and containers that are processes: `orchestrator up --runtime process`, as an ordinary user."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import Kubectl, _programs
from tests.clients.serving import ordinary, up

# As text: a container has a /tmp of its own, and these files may lie in the machine's.
_SERVER = shlex.quote(Path(__file__).with_name("web_server.py").read_text())
_SECONDS = 60.0


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """A kubectl whose pods are processes."""
    # What is in root's home an ordinary user cannot execute.
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable
    image = f"web={python} -c {_SERVER} 8080"
    directory = Path("/tmp") / f"processes-{os.getpid()}"
    options = ["--runtime", "process", "--nodes", "2", "--image", image]
    with up(directory, *options, prefix=ordinary()) as (kubeconfig, _):
        yield Kubectl(_programs()[0], kubeconfig)


def _eventually(what: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.perf_counter() + _SECONDS
    while not what():
        assert time.perf_counter() < deadline, why()
        time.sleep(0.1)


def _deployment(version: str = "1", replicas: int = 2) -> str:
    def probe(path: str, **more: int) -> dict[str, object]:
        return {"httpGet": {"path": path, "port": "http"}, "periodSeconds": 1, **more}

    container = {
        "name": "web",
        "image": "web",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": "VERSION", "value": version}],
        "startupProbe": probe("/started", failureThreshold=20),
        "readinessProbe": probe("/ready", failureThreshold=1),
        "livenessProbe": probe("/healthy", failureThreshold=1),
        # Until no proxy sends anything here any more.
        "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    }
    return json.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 5},
                },
            },
        }
    )


def _ready(kubectl: Kubectl) -> set[str]:
    slices = json.loads(
        kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=web", "-o", "json")
    )
    return {
        endpoint["targetRef"]["name"]
        for each in slices["items"]
        for endpoint in each["endpoints"] or ()
        if endpoint["conditions"]["ready"]
    }


def test_a_deployment_of_processes_lives_as_documented(machine: Kubectl, tmp_path: Path) -> None:
    """Probes restart and take out of service, and logs, exec, cp, port-forward and top reach the processes."""
    kubectl = machine.within("story")
    kubectl("apply", "-f", "-", stdin=_deployment())
    kubectl("expose", "deployment", "web", "--port", "8000", "--target-port", "8080")
    kubectl("rollout", "status", "deployment/web", "--timeout", "60s")
    _eventually(lambda: len(_ready(kubectl)) == 2, lambda: kubectl("get", "pods"))
    one, two = sorted(_ready(kubectl))

    # A process that is killed is restarted, and its log before can be read.
    assert kubectl("exec", one, "--", "sh", "-c", "echo $HOSTNAME; kill -0 1") == f"{one}\n"
    kubectl.run("exec", one, "--", "sh", "-c", "kill -TERM 1")
    restarts = "jsonpath={.status.containerStatuses[0].restartCount}"
    _eventually(
        lambda: kubectl("get", "pod", one, "-o", restarts) == "1",
        lambda: kubectl("describe", "pod", one),
    )
    assert kubectl("logs", one, "--previous").startswith("listening")

    # One that is not ready leaves the endpoints, and comes back.
    kubectl("exec", two, "--", "touch", "/tmp/unready")
    _eventually(lambda: two not in _ready(kubectl), lambda: kubectl("get", "pods"))
    kubectl("exec", two, "--", "rm", "/tmp/unready")
    _eventually(lambda: _ready(kubectl) == {one, two}, lambda: kubectl("get", "pods"))

    # Files go in and out.
    (tmp_path / "note").write_text("from outside\n")
    kubectl("cp", str(tmp_path / "note"), f"{one}:/tmp/note")
    assert kubectl("exec", one, "--", "cat", "/tmp/note") == "from outside\n"
    kubectl("cp", f"{one}:/tmp/note", str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "from outside\n"

    # A port leads to the process, and who follows its log sees it being asked.
    following = subprocess.Popen(
        kubectl.command("logs", "-f", two),
        env=kubectl.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    forwarding = subprocess.Popen(
        kubectl.command("port-forward", f"pod/{two}", ":8080"),
        env=kubectl.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert forwarding.stdout is not None and following.stdout is not None  # noqa: PT018
    port = forwarding.stdout.readline().split(" -> ")[0].rpartition(":")[2]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/say/hello") as answer:
        assert answer.read().decode() == f"{two} 1\n"
    for line in following.stdout:
        if "/say/hello" in line:
            break
    for each in (forwarding, following):
        each.terminate()
        each.wait()
        assert each.stdout is not None
        each.stdout.close()

    used = kubectl("top", "pods", "--no-headers").split()
    assert used[0] in (one, two)
    assert used[1].endswith("m")
    assert used[2].endswith("Mi")


def test_a_deployment_rolls_over_under_load(machine: Kubectl) -> None:
    """Who asks the Service's address while the version changes gets an answer each time, of the new one at last."""
    kubectl = machine.within("rolling")
    kubectl("apply", "-f", "-", stdin=_deployment())
    kubectl("expose", "deployment", "web", "--port", "8000", "--target-port", "8080")
    kubectl("rollout", "status", "deployment/web", "--timeout", "60s")
    address = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    _eventually(lambda: len(_ready(kubectl)) == 2, lambda: kubectl("get", "pods"))

    def ask() -> str:
        with urllib.request.urlopen(f"http://{address}:8000/", timeout=10) as answer:
            return str(answer.read().decode())

    _eventually(lambda: _answers(address), lambda: kubectl("get", "services"))
    assert len({ask() for _ in range(8)}) == 2
    _assert_clients_can_stay(kubectl)
    kubectl("apply", "-f", "-", stdin=_deployment(version="2"))
    seen: set[str] = set()
    deadline = time.perf_counter() + _SECONDS
    while {answer.split()[1] for answer in seen} != {"2"} and time.perf_counter() < deadline:
        seen = {ask() for _ in range(10)}
    assert {answer.split()[1] for answer in seen} == {"2"}


def _assert_clients_can_stay(kubectl: Kubectl) -> None:
    """With ClientIP a client is led to one pod, at a node port as at the cluster IP; then it is taken back."""
    change = {"spec": {"type": "NodePort", "sessionAffinity": "ClientIP"}}
    kubectl("patch", "service", "web", "-p", json.dumps(change))
    port = kubectl("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}")
    node = kubectl(
        "get",
        "nodes",
        "-o",
        "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}",
    )

    def stays() -> bool:
        try:
            answers = {_read(f"http://{node}:{port}/") for _ in range(8)}
        except OSError:
            return False  # not yet
        return len(answers) == 1

    _eventually(stays, lambda: kubectl("get", "services", "-o", "yaml"))
    change = {"spec": {"type": "ClusterIP", "sessionAffinity": "None"}}
    kubectl("patch", "service", "web", "-p", json.dumps(change))


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_a_process_finds_the_cluster_that_it_runs_in(machine: Kubectl) -> None:
    """By its environment and the files of its account, as client libraries do, though nobody may listen at port 443."""
    kubectl = machine.within("inside")
    script = (
        "import os, ssl, urllib.request as u; d = '/var/run/secrets/kubernetes.io/serviceaccount/'; "
        "a = os.environ['KUBERNETES_SERVICE_HOST'] + ':' + os.environ['KUBERNETES_SERVICE_PORT']; "
        "h = {'Authorization': 'Bearer ' + open(d + 'token').read()}; "
        "c = ssl.create_default_context(cafile=d + 'ca.crt'); "
        "print(u.urlopen(u.Request(f'https://{a}/api', headers=h), context=c).status)"
    )
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable
    kubectl(
        "run",
        "in",
        "--image=machine",
        "--restart=OnFailure",
        "--command",
        "--",
        python,
        "-c",
        script,
    )
    kubectl("wait", "pod/in", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s")
    assert kubectl("logs", "in") == "200\n"


def _answers(address: str) -> bool:
    try:
        socket.create_connection((address, 8000), timeout=1).close()
    except OSError:
        return False
    return True


def test_what_is_ill_is_restarted(machine: Kubectl) -> None:
    """A container whose liveness probe fails is stopped and started again, and that is said."""
    kubectl = machine.within("illness")
    probe = {
        "exec": {"command": ["test", "!", "-e", "/tmp/ill"]},
        "periodSeconds": 1,
        "failureThreshold": 1,
    }
    overrides = {
        "spec": {
            "containers": [
                {"name": "web", "image": "web", "args": ["8081"], "livenessProbe": probe}
            ]
        }
    }
    kubectl("run", "web", "--image", "web", "--overrides", json.dumps(overrides))
    kubectl("wait", "pod/web", "--for", "condition=Ready", "--timeout", "60s")
    kubectl("exec", "web", "--", "touch", "/tmp/ill")
    restarts = "jsonpath={.status.containerStatuses[0].restartCount}"
    _eventually(
        lambda: kubectl("get", "pod", "web", "-o", restarts) == "1",
        lambda: kubectl("describe", "pod", "web"),
    )
    assert "Container web failed liveness probe, will be restarted" in kubectl(
        "describe", "pod", "web"
    )


def test_run_with_input_passes_it_through(machine: Kubectl) -> None:
    """`kubectl run -i --rm` gives its input to the process and shows what that says."""
    kubectl = machine.within("input")
    said = kubectl(
        *("run", "cat", "-i", "--rm", "--restart=Never", "--image=machine", "--quiet", "--", "cat"),
        stdin="hello\n",
    )
    assert "hello" in said
