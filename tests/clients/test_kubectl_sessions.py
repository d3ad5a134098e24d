"""kubectl talks with what runs in pods: logs, exec, attach, cp, port-forward."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.clients.conftest import Kubectl

SIMULATION = "simulation.orchestrator.dev/"
CONFIG = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"greeting": "hello", "page.html": "<p>\n"},
}
WEB = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web",
        "annotations": {SIMULATION + "log-line": "request {n}", SIMULATION + "log-seconds": "0.5"},
    },
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "nginx",
                "env": [
                    {"name": "A", "value": "b"},
                    {"name": "BOTH", "value": "$(A)$(greeting)"},
                    {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "envFrom": [{"configMapRef": {"name": "settings"}}],
                "volumeMounts": [{"name": "v", "mountPath": "/etc/settings"}],
            }
        ],
        "volumes": [{"name": "v", "configMap": {"name": "settings"}}],
    },
}
TWO = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "two"},
    "spec": {
        "containers": [
            {
                "name": name,
                "image": "busybox",
                "command": ["sh", "-c", f"echo I am {name}; sleep 9999"],
            }
            for name in ("one", "other")
        ]
    },
}


@pytest.fixture(scope="module")
def here(kubectl: Kubectl) -> Iterator[Kubectl]:
    """A namespace with two pods that run."""
    made = kubectl.within("sessions")
    made("apply", "-f", "-", stdin=yaml.safe_dump_all([CONFIG, WEB, TWO]))
    made("wait", "--for=condition=Ready", "pod/web", "pod/two", "--timeout=60s")
    yield made
    kubectl("delete", "namespace", "sessions", "--wait=false")


def test_logs_are_the_lines_of_the_profile_and_of_the_command(here: Kubectl) -> None:
    assert here("logs", "web").splitlines()[0] == "request 0"
    (line,) = here("logs", "web", "--tail=1", "--timestamps").splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z request \d+", line)
    assert here("logs", "web", "--limit-bytes=7") == "request"
    assert here("logs", "two", "-c", "other") == "I am other\n"
    both = here("logs", "two", "--all-containers").splitlines()  # kubectl reads them side by side
    assert set(both) == {"I am one", "I am other"}


def test_logs_are_followed(here: Kubectl) -> None:
    with subprocess.Popen(
        here.command("logs", "-f", "web", "--tail=1"),
        stdout=subprocess.PIPE,
        text=True,
        env=here.environment,
    ) as following:
        assert following.stdout is not None
        first, second = following.stdout.readline(), following.stdout.readline()
        following.terminate()
    numbers = [int(line.split()[1]) for line in (first, second)]
    assert numbers[1] == numbers[0] + 1


def test_a_command_has_output_input_and_an_exit_code(here: Kubectl) -> None:
    done = here.run("exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.stdout, done.returncode) == ("out\n", 3)
    assert "err\n" in done.stderr
    assert "exit code 3" in done.stderr
    assert here("exec", "-i", "web", "--", "cat", stdin="typed\n") == "typed\n"
    assert here("exec", "-i", "web", "--", "sh", stdin="X=1\necho $X$A; exit 0\n") == "1b\n"
    assert here.run("exec", "web", "--", "no-such-command").returncode == 127


def test_a_command_sees_environment_and_volumes(here: Kubectl) -> None:
    variables = dict(
        line.split("=", 1) for line in here("exec", "web", "--", "env").splitlines() if "=" in line
    )
    assert variables["BOTH"] == "bhello"
    assert (variables["NAME"], variables["HOSTNAME"]) == ("web", "web")
    assert here("exec", "web", "--", "cat", "/etc/settings/page.html") == "<p>\n"
    missing = here.run("exec", "web", "--", "cat", "/etc/settings/none")
    assert missing.returncode == 1
    assert "No such file or directory" in missing.stderr


def test_files_are_copied_in_and_out(here: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("data\n")
    here("cp", str(tmp_path / "in"), "web:/tmp/there")
    assert here("exec", "web", "--", "cat", "/tmp/there") == "data\n"
    here("cp", "web:/tmp/there", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "data\n"


def test_a_pod_that_is_run_interactively_ends_with_its_command(here: Kubectl) -> None:
    run = ("run", "-i", "--rm", "--image=busybox", "--restart=Never")
    said = here(*run, "once", "--", "sh", "-c", "echo hi")
    assert said.count("hi\n") == 1  # not in the log as well, which kubectl fetches before it joins
    done = here.run(*run, "shell", stdin="echo typed; exit 4\n")
    assert done.returncode == 4
    assert "typed\n" in done.stdout


@contextmanager
def _forwarded(here: Kubectl, name: str, port: int = 80) -> Iterator[int]:
    """A port of this machine's that leads to a pod's, as long as it is needed."""
    with subprocess.Popen(
        here.command("port-forward", f"pod/{name}", f":{port}", "--address=127.0.0.1"),
        stdout=subprocess.PIPE,
        text=True,
        env=here.environment,
    ) as forwarding:
        assert forwarding.stdout is not None
        try:
            yield int(re.findall(r"127\.0\.0\.1:(\d+)", forwarding.stdout.readline())[0])
        finally:
            forwarding.terminate()


def test_a_port_answers(here: Kubectl) -> None:
    """HTTP with the pod's name; each request is a connection of its own."""
    with _forwarded(here, "web") as port:
        for path in ("/a", "/b"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                assert answer.read().decode() == f"web {path}\n"


def test_a_port_leads_to_what_a_script_serves(here: Kubectl) -> None:
    """By `nc -l`, once for each connection; what the client sends is in the log."""
    answer = "HTTP/1.0 200 OK\\r\\n\\r\\nhello\\n"
    script = f"while true; do printf '{answer}' | nc -l -p 8080; done"
    here("run", "server", "--image=busybox", "--", "sh", "-c", script)
    here("wait", "pod/server", "--for=condition=Ready", "--timeout=30s")
    with _forwarded(here, "server", 8080) as port:
        for _ in range(2):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/x", timeout=20) as found:
                assert found.read() == b"hello\n"
    assert here("logs", "server").count("GET /x") == 2
    here("delete", "pod", "server", "--now")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("logs", "web", "-c", "nope"), "container nope is not valid for pod web"),
        (("logs", "web", "--previous"), 'previous terminated container "c" in pod "web" not found'),
        (("logs", "nope"), 'pods "nope" not found'),
        (("exec", "nope", "--", "true"), 'pods "nope" not found'),
        (("exec", "web", "-c", "nope", "--", "true"), "container nope"),
    ],
)
def test_what_is_not_there_is_named(
    here: Kubectl, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in here.refused(*arguments)


def test_a_container_that_has_not_started_has_no_log(here: Kubectl) -> None:
    """The reason is the one that the pod shows."""
    here("run", "stuck", "--image=registry.invalid/none:1")
    here(
        "wait",
        "pod/stuck",
        "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff",
        "--timeout=30s",
    )
    complaint = here.refused("logs", "stuck")
    text = 'container "stuck" in pod "stuck" is waiting to start: trying and failing to pull image'
    assert text in complaint


def test_who_may_not_exec_is_told(here: Kubectl) -> None:
    here("create", "serviceaccount", "guest")
    who = "--as=system:serviceaccount:sessions:guest"
    complaint = here.refused("exec", "web", who, "--", "true")
    assert 'cannot create resource "pods/exec"' in complaint or "forbidden" in complaint


def test_a_request_is_passed_on_to_a_pod_and_to_a_service(here: Kubectl) -> None:
    """By its number or name; a service without pods is unavailable."""
    here("label", "pod", "web", "app=web")
    here("expose", "pod", "web", "--port=8080", "--name=front", "--selector=app=web")
    here("expose", "pod", "web", "--port=80", "--name=empty", "--selector=app=none")
    here(
        "wait",
        "endpointslices",
        "-l",
        "kubernetes.io/service-name=front",
        "--for=jsonpath={.endpoints[0].conditions.ready}=true",
        "--timeout=20s",
    )
    root = "/api/v1/namespaces/sessions"
    assert here("get", "--raw", f"{root}/pods/web/proxy/a?b=c") == "web /a?b=c\n"
    assert here("get", "--raw", f"{root}/pods/web:81/proxy/") == "web /\n"
    assert here("get", "--raw", f"{root}/services/front:8080/proxy/x") == "web /x\n"
    here("run", "safe", "--image=agnhost", "--env=SERVE_TLS_PORT_443=secret", "--", "porter")
    here("wait", "--for=condition=Ready", "pod/safe", "--timeout=20s")
    assert here("get", "--raw", f"{root}/pods/https:safe:443/proxy/") == "secret"
    complaint = here.refused("get", "--raw", f"{root}/services/empty/proxy/")
    assert 'no endpoints available for service "empty"' in complaint


def test_a_debugger_joins_a_pod(here: Kubectl) -> None:
    shown = here("debug", "web", "-i", "--image=busybox", "--", "sh", "-c", "echo I look; exit 2")
    assert "I look\n" in shown
    path = "{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"
    here("wait", "pod/web", f"--for=jsonpath={path}=2", "--timeout=20s")


def test_use_is_what_the_profile_says(here: Kubectl) -> None:
    use = {"cpu": "0.25", "memory": str(50 * 1024 * 1024)}
    notes = [f"--annotations={SIMULATION}{name}={amount}" for name, amount in use.items()]
    here("run", "load", "--image=nginx", *notes)
    here("wait", "--for=condition=Ready", "pod/load", "--timeout=30s")
    rows = {row.split()[0]: row.split()[1:] for row in here("top", "pods").splitlines()}
    assert rows["load"] == ["250m", "50Mi"]
    assert rows["web"] == ["0m", "0Mi"]
    assert here("top", "pod", "load", "--containers").splitlines()[1].split()[1:] == [
        "load",
        "250m",
        "50Mi",
    ]
    node = here("get", "pod", "load", "-o", "jsonpath={.spec.nodeName}")
    rows = {row.split()[0]: row.split()[1:] for row in here("top", "nodes").splitlines()}
    assert rows[node][0] == "250m"
    pages = f"/api/v1/nodes/{node}/proxy"
    summary = json.loads(here("get", "--raw", f"{pages}/stats/summary"))
    (mine,) = [p for p in summary["pods"] if p["podRef"]["name"] == "load"]
    assert mine["cpu"]["usageNanoCores"] == 250_000_000
    metrics = here("get", "--raw", f"{pages}/metrics/resource")
    assert 'container_memory_working_set_bytes{container="load",namespace="sessions"' in metrics
    assert 'container_cpu_usage_seconds_total{container="load",namespace="sessions"' in metrics
    metrics = here("get", "--raw", f"{pages}/metrics/cadvisor")
    (used,) = [line for line in metrics.splitlines() if _is_use_of(line, "load")]
    assert float(used.rpartition(" ")[2]) > 0


def _is_use_of(line: str, container: str) -> bool:
    """Whether it is cAdvisor's line of a container's CPU time."""
    name = f'container_cpu_usage_seconds_total{{container="{container}",'
    return line.startswith(name) and 'cpu="total"' in line


@pytest.fixture
def older(here: Kubectl) -> Kubectl:
    """A kubectl that knows no WebSockets, as those before 1.30."""
    return here.with_variables(
        KUBECTL_REMOTE_COMMAND_WEBSOCKETS="false", KUBECTL_PORT_FORWARD_WEBSOCKETS="false"
    )


def test_older_clients_run_commands_over_spdy(older: Kubectl, tmp_path: Path) -> None:
    """Output, errors, input and exit codes are the same; files are copied."""
    done = older.run("exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (done.stdout, done.returncode) == ("out\n", 3)
    assert "err\n" in done.stderr
    assert older("exec", "-i", "web", "--", "cat", stdin="typed\n") == "typed\n"
    big = "x" * 200_000
    assert older("exec", "-i", "web", "--", "wc", "-c", stdin=big).strip() == "200000"
    (tmp_path / "in").write_text("data\n")
    older("cp", str(tmp_path / "in"), "web:/tmp/spdy")
    assert older("exec", "web", "--", "cat", "/tmp/spdy") == "data\n"


def test_older_clients_reach_ports_over_spdy(older: Kubectl) -> None:
    """Each request is a pair of streams of its own."""
    with _forwarded(older, "web") as port:
        for path in ("/a", "/b"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
                assert answer.read() == f"web {path}\n".encode()


def test_a_command_has_the_environment_that_the_container_began_with(here: Kubectl) -> None:
    """Of files and ConfigMaps as they were then, whatever these hold by now and whether the container looks at them."""
    config = {**CONFIG, "metadata": {"name": "early"}, "data": {"WHEN": "before"}}
    source = {"fileKeyRef": {"volumeName": "files", "path": "env", "key": "K"}}
    mount = {"name": "files", "mountPath": "/files"}
    variables = [{"name": "FROM_FILE", "valueFrom": source}]
    write = "echo \"K='of a file'\" > /files/env"
    containers = [
        {
            "name": name,
            "image": image,
            "env": variables,
            "envFrom": [{"configMapRef": {"name": "early"}}],
        }
        for name, image in (("plain", "nginx"), ("looks", "busybox"))
    ]
    containers[0]["volumeMounts"] = [mount]
    containers[1]["command"] = ["sh", "-c", "echo $WHEN; export WHEN=mine; sleep 9999"]
    init = {
        "name": "i",
        "image": "busybox",
        "command": ["sh", "-c", write],
        "volumeMounts": [mount],
    }
    spec = {
        "initContainers": [init],
        "containers": containers,
        "volumes": [{"name": "files", "emptyDir": {}}],
    }
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "begun"}, "spec": spec}
    here("apply", "-f", "-", stdin=yaml.safe_dump_all([config, made]))
    here("wait", "--for=condition=Ready", "pod/begun", "--timeout=60s")
    here("apply", "-f", "-", stdin=yaml.safe_dump({**config, "data": {"WHEN": "after"}}))
    here("exec", "begun", "-c", "plain", "--", "sh", "-c", "echo \"K='other'\" > /files/env")
    for name in ("plain", "looks"):
        said = here("exec", "begun", "-c", name, "--", "sh", "-c", "echo $WHEN, $FROM_FILE")
        assert said == "before, of a file\n"
