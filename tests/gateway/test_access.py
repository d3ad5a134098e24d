"""Where a cluster is and who asks: kubeconfigs as users have them, and pods."""

import re
import stat
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors import Misuse
from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront
from orchestrator.client import Client
from orchestrator.cluster.remote import RemoteCluster
from orchestrator.gateway import Access, AccessError, find_access, in_cluster, load_access
from orchestrator.protocol import Unauthorized

Real = tuple[Cluster, HttpFront]


def _config(path: Path, user: dict[str, Any] | None = None, **changes: Any) -> Path:
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "work"}}
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://example.com:6443/"}}],
        "users": [{"name": "u", "user": user or {"token": "abc"}}],
        **changes,
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_context_names_server_namespace_and_credentials(tmp_path: Path) -> None:
    """Data in the file, and files that are named relative to it, say the same."""
    (tmp_path / "pair.pem").write_bytes(b"PEM")
    beside = {"client-certificate": "pair.pem", "client-key": "pair.pem"}
    inside = {
        "client-certificate-data": b64encode(b"PEM").decode(),
        "client-key-data": b64encode(b"PEM").decode(),
    }
    found = [load_access(_config(tmp_path / "config", user)) for user in (beside, inside)]
    assert found[0] == found[1]
    assert found[0] == Access(
        server="https://example.com:6443",
        context="one",
        namespace="work",
        certificate=b"PEM",
        key=b"PEM",
    )


def test_files_are_merged_and_the_first_entry_of_a_name_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As kubectl reads $KUBECONFIG; files that are not there are left out."""
    users = [{"name": "u", "user": {"token": "first"}}]
    empty: dict[str, Any] = {"contexts": None, "clusters": [], "current-context": ""}
    first = _config(tmp_path / "first", users=users, **empty)
    second = _config(tmp_path / "second")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'absent'}:{first}:{second}")
    assert find_access().token == "first"


def _server(url: str) -> dict[str, Any]:
    return {"clusters": [{"name": "c", "cluster": {"server": url}}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"current-context": ""}, "current-context is empty: name a context"),
        ({"current-context": "two"}, 'there is no context "two"; there are one'),
        ({"clusters": []}, 'there is no cluster "c"'),
        ({"clusters": [{"name": "c", "cluster": {}}]}, 'the cluster "c" has no server'),
        ({"users": [{"name": "u", "user": {"client-key-data": "%"}}]}, "this is not base64"),
        ({"users": [{"name": "u", "user": {"client-key": "no"}}]}, "no: cannot be read"),
        ({"users": 3}, "this is no kubeconfig"),
        *(
            (
                _server(wrong),
                f"the server of the cluster \"c\" is '{re.escape(wrong)}', and not a URL",
            )
            for wrong in ("ftp://x", "https://", "https://[::1", "https://a:99999", "https://a b/")
        ),
    ],
)
def test_what_is_wrong_in_a_kubeconfig_is_said(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    """With the file, and what would be right."""
    path = _config(tmp_path / "config", **changes)
    with pytest.raises(AccessError, match=words) as error:
        load_access(path)
    assert str(tmp_path) in str(error.value)


def test_a_kubeconfig_that_is_no_yaml_says_in_which_line(tmp_path: Path) -> None:
    """On one line, whatever the parser has to tell."""
    path = tmp_path / "config"
    path.write_text("apiVersion: v1\nclusters: [\n")
    with pytest.raises(AccessError, match=r"config:3: this is no YAML: [^\n]*$"):
        load_access(path)


def test_a_host_alone_is_spoken_to_as_the_certificates_say(tmp_path: Path) -> None:
    """As kubectl does: HTTPS where there is anything of TLS, else HTTP."""
    bare = _config(tmp_path / "bare", **_server("127.0.0.1:8080"))
    assert load_access(bare).server == "http://127.0.0.1:8080"
    cluster = {"server": "127.0.0.1:6443/", "insecure-skip-tls-verify": True}
    secure = _config(tmp_path / "secure", clusters=[{"name": "c", "cluster": cluster}])
    assert load_access(secure).server == "https://127.0.0.1:6443"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """And is not taken for an empty one."""
    with pytest.raises(AccessError, match=r"config: there is no such file"):
        load_access(tmp_path / "config")


def test_a_pod_has_its_service_account(tmp_path: Path) -> None:
    """Server, authority, namespace and token as Kubernetes puts them into each pod."""
    for name in ("namespace", "ca.crt", "token"):
        (tmp_path / name).write_text(name)
    given = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert in_cluster(given, folder=tmp_path) == Access(
        server="https://[fd00::1]:443",
        namespace="namespace",
        authority=b"ca.crt",
        token_file=tmp_path / "token",
    )
    with pytest.raises(AccessError, match="not the inside of a pod"):
        in_cluster({}, folder=tmp_path)


async def test_a_plugin_tells_credentials(real: Real, tmp_path: Path) -> None:
    """A program that kubeconfig names is run, and what it says is shown to the server."""
    pair = real[1].pki.admin
    status = {
        "clientCertificateData": pair.certificate.decode(),
        "clientKeyData": pair.key.decode(),
    }
    access = load_access(_plugin(tmp_path, real[1], f"print(json.dumps({{'status': {status!r}}}))"))
    async with RemoteCluster(access) as cluster:
        assert [node.metadata.name for node in await _nodes(cluster.client)] == ["node-0"]


async def test_a_plugin_that_fails_is_named_with_its_last_words(real: Real, tmp_path: Path) -> None:
    """Nobody goes on without credentials."""
    access = load_access(_plugin(tmp_path, real[1], "raise SystemExit('log in first')"))
    with pytest.raises(AccessError, match=r"plugin.*exit code 1: log in first"):
        async with RemoteCluster(access):
            pass


async def test_a_wrong_token_is_unauthorized(real: Real, tmp_path: Path) -> None:
    """The server's answer is the protocol's error."""
    path = real[1].write_kubeconfig(tmp_path / "config")
    document = yaml.safe_load(path.read_text())
    document["users"][0]["user"] = {"token": "nonsense"}
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(Unauthorized):
        async with RemoteCluster(load_access(path)):
            pass


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": "a\nb"}, "characters that no token has"),
        ({"tokenFile": "binary"}, "binary: this is no token"),
        ({"exec": {"command": "./late"}}, 'expirationTimestamp is a time .* not "soon"'),
    ],
)
async def test_credentials_that_cannot_be_used_are_said(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: dict[str, Any], words: str
) -> None:
    """As AccessError, before anything is asked."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xc0\x00")
    late = tmp_path / "late"
    status = '{"status": {"token": "t", "expirationTimestamp": "soon"}}'
    late.write_text(f"#!/bin/sh\necho '{status}'\n")
    late.chmod(0o700)
    with pytest.raises(AccessError, match=words):
        async with RemoteCluster(load_access(_config(tmp_path / "config", user))):
            pass


async def _nodes(client: Client) -> Any:
    from orchestrator.api.core.v1 import Node

    return await client.list(Node)


def _plugin(tmp_path: Path, front: HttpFront, program: str) -> Path:
    script = tmp_path / "plugin"
    script.write_text(f"#!{sys.executable}\nimport json\n{program}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    path = front.write_kubeconfig(tmp_path / "config")
    document = yaml.safe_load(path.read_text())
    document["users"][0]["user"] = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script)}
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_virtual_time_is_refused() -> None:
    """A real cluster does not wait for a clock that jumps."""
    import actors

    async def main() -> None:
        async with RemoteCluster(Access(server="https://example.com")):
            pass

    with pytest.raises(Misuse, match="real time"):
        actors.run(main)
