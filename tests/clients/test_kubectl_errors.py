"""Input that is wrong: each a clear error, the server up and unharmed."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.conftest import Kubectl
from tests.manifests import deployment, pod


def _changed(document: dict[str, Any], path: str, value: Any) -> str:
    where: Any = document
    *steps, last = [int(p) if p.isdecimal() else p for p in path.split("/")]
    for step in steps:
        where = where[step]
    where[last] = value
    return yaml.safe_dump(document)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("metadata/name", "Not_A_Name", "RFC 1123"),
        ("metadata/labels", {"a b": "c"}, "metadata.labels"),
        ("metadata/labels", {"a": "-"}, "metadata.labels"),
        ("spec/replicas", -1, "spec.replicas"),
        ("spec/replicas", "three", "replicas"),
        ("spec/selector/matchLabels", {"app": "other"}, "`selector` does not match"),
        ("spec/template/spec/containers", [], "spec.template.spec.containers"),
        ("spec/template/spec/containers/0/image", "", "image"),
        (
            "spec/template/spec/containers/0/resources",
            {"requests": {"cpu": "much"}},
            "quantit",
        ),
        (
            "spec/template/spec/containers/0/imagee",
            "x",
            'unknown field "spec.template.spec.containers[0].imagee"',
        ),
        ("spec/selector/matchExpressions", [{"key": "a", "operator": "Near"}], "operator"),
        ("apiVersion", "apps/v9", "no matches for kind"),
        ("kind", "Deploymint", "no matches for kind"),
    ],
)
def test_manifests_that_are_wrong(kubectl: Kubectl, path: str, value: Any, message: str) -> None:
    complaint = kubectl.refused(
        "apply", "-f", "-", stdin=_changed(deployment("wrong"), path, value)
    )
    assert message in complaint
    assert "NotFound" in kubectl.refused("get", "deployment", "wrong")


@pytest.mark.parametrize("text", ["a: [", "{", "\x00", "- 1\n- 2\n"])
def test_what_is_no_manifest(kubectl: Kubectl, text: str) -> None:
    assert "error" in kubectl.refused("apply", "-f", "-", stdin=text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("get", "pods", "-l", "a in ("), "selector"),
        (("get", "pods", "--field-selector", "spec.colour=red"), "field label not supported"),
        (("get", "pods", "--field-selector", "a=b=c"), "invalid"),
        (("get", "gadgets"), "the server doesn't have a resource type"),
        (("get", "pod", "absent"), 'pods "absent" not found'),
        (("get", "pods", "-n", "absent", "-o", "name"), ""),
        (("label", "node", "node-0", "a=b c"), "invalid label value"),
        (("scale", "deployment", "absent", "--replicas=1"), "not found"),
        (("delete", "service", "absent"), "not found"),
        (("create", "namespace", "Not_A_Name"), "RFC 1123"),
    ],
)
def test_arguments_that_are_wrong(
    kubectl: Kubectl, arguments: tuple[str, ...], message: str
) -> None:
    done = kubectl.run(*arguments)
    assert message in done.stderr
    assert (done.returncode != 0) == bool(message)


def test_changes_that_are_not_allowed(kubectl: Kubectl) -> None:
    here = kubectl.within("immutable")
    manifest = pod("fixed")
    del manifest["metadata"]["namespace"]
    here("apply", "-f", "-", stdin=yaml.safe_dump(manifest))
    patch = '{"spec":{"nodeName":"node-9"}}'
    assert "Forbidden" in here.refused("patch", "pod", "fixed", "-p", patch)
    stale = '{"metadata":{"resourceVersion":"1"}}'
    assert "Conflict" in here.refused("patch", "pod", "fixed", "-p", stale)


class _Raw:
    """HTTP without a client library, for what kubectl would never send."""

    def __init__(self, kubeconfig: Path, tmp_path: Path) -> None:
        import base64

        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self._url = cluster["server"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._context = ssl.create_default_context(cadata=authority)
        pair = tmp_path / "pair.pem"
        pair.write_bytes(
            base64.b64decode(user["client-certificate-data"])
            + base64.b64decode(user["client-key-data"])
        )
        self._context.load_cert_chain(pair)

    def send(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/json"
    ) -> tuple[int, dict[str, Any]]:
        """The status code and the document."""
        request = urllib.request.Request(
            self._url + path, method=method, data=body or None, headers={"Content-Type": kind}
        )
        try:
            with urllib.request.urlopen(request, context=self._context, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


PODS = "/api/v1/namespaces/default/pods"


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "code", "reason"),
    [
        ("POST", PODS, b"{", "application/json", 400, "BadRequest"),
        ("POST", PODS, b"\xff\xfe", "application/json", 400, "BadRequest"),
        ("POST", PODS, b"[]", "application/json", 400, "BadRequest"),
        ("POST", PODS, b"{}", "application/json", 422, "Invalid"),
        ("POST", PODS, b"[" * 100_000, "application/json", 400, "BadRequest"),
        ("POST", PODS, b"x", "text/plain", 415, "UnsupportedMediaType"),
        (
            "POST",
            PODS,
            b"k8s\x00\xff\xff",
            "application/vnd.kubernetes.protobuf",
            400,
            "BadRequest",
        ),
        ("PATCH", PODS + "/x", b"{}", "application/json", 415, "UnsupportedMediaType"),
        # A patch is read when there is an object for it.
        ("PATCH", PODS + "/x", b"{", "application/merge-patch+json", 404, "NotFound"),
        ("GET", PODS + "?limit=many", b"", "application/json", 400, "BadRequest"),
        ("GET", PODS + "?resourceVersion=new", b"", "application/json", 400, "BadRequest"),
        ("GET", PODS + "?labelSelector=a%20in%20(", b"", "application/json", 400, "BadRequest"),
        ("GET", "/apis/apps/v9/things", b"", "application/json", 404, "NotFound"),
        ("PUT", PODS, b"{}", "application/json", 405, "MethodNotAllowed"),
        ("GET", PODS + "?continue=%00", b"", "application/json", 400, "BadRequest"),
    ],
)
def test_requests_that_are_wrong(
    kubeconfig: Path,
    tmp_path: Path,
    method: str,
    path: str,
    body: bytes,
    kind: str,
    code: int,
    reason: str,
) -> None:
    raw = _Raw(kubeconfig, tmp_path)
    found, status = raw.send(method, path, body, kind)
    assert (found, status.get("kind"), status.get("reason")) == (code, "Status", reason)
    assert status["status"] == "Failure"
    assert status["message"]
    assert raw.send("GET", "/api/v1/namespaces/default")[0] == 200


def test_causes_name_every_field(kubeconfig: Path, tmp_path: Path) -> None:
    manifest = deployment("wrong", replicas=-1)
    manifest["spec"]["template"]["spec"]["containers"][0]["name"] = "Not_A_Name"
    path = "/apis/apps/v1/namespaces/default/deployments"
    code, status = _Raw(kubeconfig, tmp_path).send("POST", path, json.dumps(manifest).encode())
    assert (code, status["reason"]) == (422, "Invalid")
    assert {c["field"] for c in status["details"]["causes"]} == {
        "spec.replicas",
        "spec.template.spec.containers[0].name",
    }
