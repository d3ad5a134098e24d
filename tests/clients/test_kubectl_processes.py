"""kubectl and containers that are processes: `orchestrator up --runtime process`, as an ordinary user."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

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
        return {
            "httpGet": {"path": path, "port": "http"},
            "periodSeconds": 1,
            "timeoutSeconds": 20,
            **more,
        }

    container = {
        "name": "web",
        "image": "web",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": "VERSION", "value": version}],
        "startupProbe": probe("/started", failureThreshold=20),
        "readinessProbe": probe("/ready", failureThreshold=1),
        "livenessProbe": probe("/healthy", failureThreshold=1),
        # Until no proxy sends anything here any more.
        "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
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
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 10},
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


def test_a_web_service_lives_its_whole_life(machine: Kubectl, tmp_path: Path) -> None:
    """A Deployment behind a Service is served at all its addresses, heals, is talked with, measured, and rolls over under
    load without a failed request: all of it by kubectl and HTTP."""
    kubectl = machine.within("story")
    kubectl("apply", "-f", "-", stdin=_deployment())
    kubectl("expose", "deployment", "web", "--port", "8000", "--target-port", "8080")
    kubectl("rollout", "status", "deployment/web", "--timeout", "60s")
    _eventually(lambda: len(_ready(kubectl)) == 2, lambda: kubectl("get", "pods"))
    one, two = sorted(_ready(kubectl))
    address = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}")
    url = f"http://{address}:8000/"
    _assert_turns(url, one, two)
    _assert_clients_can_stay(kubectl)
    _assert_restarted(kubectl, one, "sh", "-c", "kill -TERM 1")
    assert kubectl("logs", one, "--previous").startswith("listening")
    _assert_restarted(kubectl, two, "touch", "/tmp/ill")
    said = "Container web failed liveness probe, will be restarted"
    assert said in kubectl("describe", "pod", two)
    _assert_leaves_and_comes_back(kubectl, two)
    _assert_talks(kubectl, two, tmp_path)
    used = kubectl("top", "pods", "--no-headers").split()
    assert used[0] in (one, two)
    assert used[1].endswith("m")
    assert used[2].endswith("Mi")
    _eventually(lambda: _ready(kubectl) == {one, two}, lambda: kubectl("get", "pods"))
    _assert_turns(url, one, two)
    _assert_rolls_over(kubectl, url)


def _assert_turns(url: str, *pods: str) -> None:
    """Who asks again and again is answered by each pod as often as by any other."""

    def even() -> bool:
        try:
            answers = Counter(_read(url).split()[0] for _ in range(4 * len(pods)))
        except OSError:
            return False  # no proxy serves it yet
        return answers == dict.fromkeys(pods, 4)

    _eventually(even, lambda: url)


def _assert_restarted(kubectl: Kubectl, pod: str, *command: str) -> None:
    """What a command does to a pod's container has it restarted, once, and it is ready again."""
    kubectl.run("exec", pod, "--", *command)
    restarts = (
        "jsonpath={.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].ready}"
    )
    _eventually(
        lambda: kubectl("get", "pod", pod, "-o", restarts) == "1 true",
        lambda: kubectl("describe", "pod", pod),
    )


def _assert_leaves_and_comes_back(kubectl: Kubectl, pod: str) -> None:
    """A pod that is not ready leaves the endpoints, until it is."""
    kubectl("exec", pod, "--", "touch", "/tmp/unready")
    _eventually(lambda: pod not in _ready(kubectl), lambda: kubectl("get", "pods"))
    kubectl("exec", pod, "--", "rm", "/tmp/unready")
    _eventually(lambda: pod in _ready(kubectl), lambda: kubectl("get", "pods"))


def _assert_talks(kubectl: Kubectl, pod: str, directory: Path) -> None:
    """Commands run in the pod, files go in and out, a port leads to it, and who follows its log sees it being asked."""
    assert kubectl("exec", pod, "--", "sh", "-c", "echo $HOSTNAME") == f"{pod}\n"
    (directory / "note").write_text("from outside\n")
    kubectl("cp", str(directory / "note"), f"{pod}:/tmp/note")
    assert kubectl("exec", pod, "--", "cat", "/tmp/note") == "from outside\n"
    kubectl("cp", f"{pod}:/tmp/note", str(directory / "back"))
    assert (directory / "back").read_text() == "from outside\n"
    following, lines = _begun(kubectl, "logs", "-f", pod)
    forwarding, said = _begun(kubectl, "port-forward", f"pod/{pod}", ":8080")
    port = said.readline().split(" -> ")[0].rpartition(":")[2]
    assert _read(f"http://127.0.0.1:{port}/say/hello") == f"{pod} 1\n"
    for line in lines:
        if "/say/hello" in line:
            break
    for each in (forwarding, following):
        each.terminate()
        each.communicate()


def _begun(kubectl: Kubectl, *words: str) -> "tuple[subprocess.Popen[str], IO[str]]":
    command, environment = kubectl.command(*words), kubectl.environment
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    return running, running.stdout


def _assert_rolls_over(kubectl: Kubectl, url: str) -> None:
    """Clients that ask all the time while the version changes get an answer each time, of the new one at last."""
    answers: Counter[str] = Counter()
    ended = threading.Event()

    def load() -> None:
        while not ended.is_set():
            try:
                answers[_read(url).split()[1]] += 1
            except OSError as error:
                answers[f"failed: {error}"] += 1

    clients = [threading.Thread(target=load) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        kubectl("apply", "-f", "-", stdin=_deployment(version="2"))
        kubectl("rollout", "status", "deployment/web", "--timeout", "60s")
        _eventually(lambda: _of_version(url, "2"), lambda: str(answers))
    finally:
        ended.set()
        for client in clients:
            client.join()
    assert answers.keys() == {"1", "2"}, answers


def _of_version(url: str, version: str) -> bool:
    return {_read(url).split()[1] for _ in range(10)} == {version}


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


def test_run_with_input_passes_it_through(machine: Kubectl) -> None:
    """`kubectl run -i --rm` gives its input to the process and shows what that says."""
    kubectl = machine.within("input")
    said = kubectl(
        *("run", "cat", "-i", "--rm", "--restart=Never", "--image=machine", "--quiet", "--", "cat"),
        stdin="hello\n",
    )
    assert "hello" in said
