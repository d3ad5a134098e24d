"""`orchestrator up`: what it refuses, and how it ends. What kubectl sees is in tests/clients."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
import yaml
from click.testing import CliRunner

from orchestrator.apiserver.http.pki import client_certificate, generate
from orchestrator.cli import main
from orchestrator.cli.errors import INTERRUPTED

COMMAND = [sys.executable, "-m", "orchestrator", "up"]


def _up(*arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=timeout, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--listen", "6443"], "expected HOST:PORT"),
        (["--listen", "localhost:port"], "expected HOST:PORT"),
        (["--listen", "127.0.0.1:70000"], "expected a port from 0 to 65535"),
        (["--nodes", "-1"], "--nodes"),
        (["--nodes", "many"], "--nodes"),
        (["--runtime", "lazy"], "there is no runtime 'lazy'; there are simulated, coroutine"),
        (["--enable-admission-plugins", "Nope"], "unknown admission plugin Nope; known are"),
        (["--disable-admission-plugins", "A,B"], "unknown admission plugins A, B; known are"),
        (
            ["--audit-log-path", "-"],
            "--audit-policy-file and --audit-log-path or --audit-webhook-config-file come",
        ),
        (["--client-ca-file", "/etc/hostname"], "/etc/hostname: expected certificates in PEM form"),
        (["--token-auth-file", "/etc/hostname"], "/etc/hostname:1: token, user name and uid"),
        (
            ["--authorization-mode", "Node,Roles"],
            "Roles is no authorization mode; there are AlwaysAllow",
        ),
        (
            ["--authorization-mode", "Webhook"],
            "--authorization-mode Webhook needs --authorization-webhook-config-file",
        ),
        (
            ["--authorization-mode", "Node", "--authorization-config", "/etc/hostname"],
            "--authorization-config can not be specified when --authorization-mode",
        ),
        (
            ["--runtime", "cri", "--proxy-mode", "nftables"],
            "--runtime cri: pods share the host's network: --proxy-mode is userspace or table",
        ),
        (
            ["--runtime", "coroutine", "--proxy-mode", "userspace", "--nodes", "513"],
            "has room for 512 nodes",
        ),
        (["--event-ttl", "-1h"], "--event-ttl: expected a duration that is not negative, got -1h"),
        (["--event-ttl", "soon"], "--event-ttl: "),
        (["--dns-upstream", "dns.example"], "--dns-upstream: expected ADDRESS or ADDRESS:PORT"),
        (
            ["--service-cluster-ip-range", "x"],
            "expected an IPv4 network such as 10.96.0.0/12, got 'x'",
        ),
        (["--service-cluster-ip-range", "10.0.0.0/8"], "expected a prefix from /12 to /28"),
        (["--service-cluster-ip-range", "10.200.0.0/16"], "where pods have their addresses"),
        (
            ["--service-cluster-ip-range", "10.0.0.0/16", "--proxy-mode", "userspace"],
            "--service-cluster-ip-range 10.0.0.0/16: --proxy-mode is nftables or table",
        ),
        (["--oidc-client-id", "c"], "--oidc-client-id needs --oidc-issuer-url"),
        (["--oidc-issuer-url", "http://i.test"], "expected a URL that begins with https://"),
        (["--oidc-issuer-url", "https://i.test"], "needs --oidc-client-id"),
        (
            ["--oidc-issuer-url=https://i.test", "--oidc-client-id=c", "--oidc-required-claim=x"],
            "--oidc-required-claim: expected KEY=VALUE, got x",
        ),
        (
            ["--authentication-token-webhook-config-file", "/etc/hostname"],
            "/etc/hostname: this is no kubeconfig",
        ),
    ],
)
def test_wrong_arguments_are_one_clear_line_and_exit_code_2(
    arguments: list[str], message: str
) -> None:
    done = CliRunner().invoke(main, ["up", *arguments])
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert message in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--listen", "203.0.113.1:0"], "cannot listen at 203.0.113.1:0"),
        (["--listen", "127.0.0.1:0", "--kubeconfig", "/proc/no/kubeconfig"], "cannot write"),
    ],
)
def test_what_is_wrong_when_it_begins_to_serve_ends_the_process_so_too(
    arguments: list[str], message: str
) -> None:
    """What it has begun by then is no part of what the user reads."""
    done = _up("--nodes", "0", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_kubelet_configuration_is_one_line(tmp_path: Path) -> None:
    """With the file and the field."""
    config = tmp_path / "kubelet.yaml"
    config.write_text("evictionSoft: {memory.available: 1Gi}")
    done = _up("--kubelet-config", str(config))
    assert done.returncode == 2
    said = "grace period must be specified for the soft eviction threshold memory.available"
    assert done.stderr == f"Error: {config}: {said}\n"


def test_nodes_are_what_a_kubelet_configuration_says(tmp_path: Path) -> None:
    """Static pods are beside the file that names their directory."""
    config, path = tmp_path / "kubelet.yaml", tmp_path / "kubeconfig"
    config.write_text("{maxPods: 7, staticPodPath: manifests}")
    (tmp_path / "manifests").mkdir()
    manifest = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: i}]}}"
    (tmp_path / "manifests" / "web.yaml").write_text(manifest)
    arguments = ["--nodes", "1", "--listen", "127.0.0.1:0", "--kubeconfig", str(path)]
    running = subprocess.Popen(
        [*COMMAND, *arguments, "--kubelet-config", str(config)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.readline()
    asked = ["kubectl", "--kubeconfig", str(path), "get", "nodes,pods", "-A", "-o"]
    shown = "jsonpath={.items[*].status.capacity.pods} {.items[*].metadata.name}"
    told = subprocess.run([*asked, shown], capture_output=True, text=True, check=False, timeout=60)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    assert told.stdout.startswith("7 "), told.stderr
    assert "web-node-0" in told.stdout.split()


def test_an_address_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        place = ("--listen", f"127.0.0.1:{port}", "--kubeconfig", str(tmp_path / "k"))
        done = _up("--nodes", "0", *place)
    assert done.returncode == 2
    assert f"cannot listen at 127.0.0.1:{port}" in done.stderr


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare (util-linux) is not there")
def test_who_may_not_make_namespaces_is_told_so() -> None:
    """An ordinary user who asks for nftables gets one line."""
    ordinary = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if subprocess.run([*ordinary, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("user namespaces are not allowed here")
    done = subprocess.run(
        [*ordinary, *COMMAND, "--proxy-mode", "nftables"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "Error: --proxy-mode nftables: network namespaces are made by root: "
        "--proxy-mode is userspace or table\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(tmp_path: Path, number: int) -> None:
    path = tmp_path / "sub dir" / "kubeconfig"
    running = subprocess.Popen(
        [
            *COMMAND,
            *("--nodes", "1", "--listen", "127.0.0.1:0", "--kubeconfig", str(path)),
            *("--pod-manifest-path", str(tmp_path)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout is not None
    first, second = running.stdout.readline(), running.stdout.readline()
    assert first.startswith("1 node at https://127.0.0.1:")
    assert second == f"export KUBECONFIG='{path}'\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    running.send_signal(number)
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 0, stderr
    assert stderr == ""
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_while_it_starts(tmp_path: Path, number: int) -> None:
    """A signal that comes before anything is served ends the command, and nothing is left behind."""
    running = subprocess.Popen(
        [
            *COMMAND,
            "--nodes",
            "5000",
            "--listen",
            "127.0.0.1:0",
            "--kubeconfig",
            str(tmp_path / "k"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
    )
    assert running.stderr is not None
    late = Timer(60, running.kill)
    late.start()
    begun = any(line.endswith(" orchestrator.cluster.fabrics\n") for line in running.stderr)
    late.cancel()
    assert begun  # the next thing to happen is the cluster's start
    running.send_signal(number)
    stdout, stderr = running.communicate(timeout=30)
    assert running.returncode in (0, INTERRUPTED), stderr
    assert "Traceback" not in stderr
    assert stdout == ""
    assert not (tmp_path / "k").exists()


def test_admission_plugins_are_turned_on(tmp_path: Path) -> None:
    """What kubectl creates passes them."""
    path = tmp_path / "kubeconfig"
    plugins = ["--enable-admission-plugins", "AlwaysPullImages"]
    running = subprocess.Popen(
        [*COMMAND, "--nodes=0", "--listen=127.0.0.1:0", f"--kubeconfig={path}", *plugins],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.readline()
    run = ["kubectl", "run", "web", "--image=web:1", "--image-pull-policy=Never", "--output"]
    try:
        done = subprocess.run(
            [*run, "jsonpath={.spec.containers[0].imagePullPolicy}"],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "KUBECONFIG": str(path)},
            check=False,
        )
    finally:
        running.terminate()
        running.communicate(timeout=30)
    assert (done.stdout, done.stderr) == ("Always", "")


def test_users_come_with_tokens_of_a_file_and_certificates_of_an_authority(tmp_path: Path) -> None:
    """Who has a wrong token is nobody; and here everybody else may do everything."""
    tokens, path = tmp_path / "tokens", tmp_path / "kubeconfig"
    tokens.write_text("secret,jane,7\n")
    now = tokens.stat().st_mtime
    authority = generate(now).authority
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    client = client_certificate(authority, now, "joe", ("crew",))
    (tmp_path / "joe.crt").write_bytes(client.certificate)
    (tmp_path / "joe.key").write_bytes(client.key)
    running = subprocess.Popen(
        [
            *COMMAND,
            *("--nodes", "0", "--listen", "127.0.0.1:0", "--kubeconfig", str(path)),
            *("--token-auth-file", str(tokens), "--authorization-mode", "AlwaysAllow"),
            *("--client-ca-file", str(tmp_path / "ca.crt")),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert running.stdout is not None
        running.stdout.readline()
        assert running.stdout.readline().startswith("export KUBECONFIG=")
        kubeconfig = yaml.safe_load(path.read_text())
        kubeconfig["users"][0]["user"] = {}
        path.write_text(yaml.safe_dump(kubeconfig))
        kubectl = [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(path)]
        certificate = f"--client-certificate={tmp_path}/joe.crt", f"--client-key={tmp_path}/joe.key"
        for shown, words in (
            (("--token", "secret"), "jane"),
            (("--token", "wrong"), "Unauthorized"),
            (("--username", "bad", "--password", "wrong"), "Unauthorized"),  # which nobody knows
            (certificate, "joe"),
        ):
            done = subprocess.run(
                [*kubectl, *shown, "auth", "whoami"], capture_output=True, text=True, check=False
            )
            assert words in done.stdout + done.stderr
            assert ("crew" in done.stdout) == (shown == certificate)
        listing = [*kubectl, "--token", "secret", "get", "secrets", "-A"]
        assert subprocess.run(listing, check=False).returncode == 0
    finally:
        running.terminate()
        running.communicate(timeout=30)


def test_requests_are_logged_where_the_user_wants_much(tmp_path: Path) -> None:
    """`--v=3` is a line a request, of JSON if she likes."""
    path, log = tmp_path / "kubeconfig", tmp_path / "log"
    options = ["--v=3", "--logging-format=json"]
    with log.open("w") as written:
        running = subprocess.Popen(
            [*COMMAND, "--nodes=0", "--listen=127.0.0.1:0", f"--kubeconfig={path}", *options],
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.readline()
        get = ["kubectl", "--kubeconfig", str(path), "get", "--raw", "/api/v1/nodes?limit=7"]
        assert subprocess.run(get, capture_output=True, timeout=60, check=False).returncode == 0
    finally:
        running.terminate()
        running.communicate(timeout=30)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (request,) = [line for line in lines if line.get("URI") == "/api/v1/nodes?limit=7"]
    assert (request["msg"], request["verb"], request["resp"]) == ("HTTP", "LIST", 200)
    assert request["userAgent"].startswith("kubectl/")
