"""What requests are answered where only a comparison with Kubernetes shows it."""

from typing import Any

import pytest

from tests.apiserver.http.conftest import Caller

_MERGE = "application/merge-patch+json"
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


async def test_the_source_of_a_volume_is_shown_as_one_struct(call: Caller) -> None:
    """All sources that there might be stand in the difference, by Go's names."""
    path = "/api/v1/persistentvolumes"
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "none",
        "hostPath": {"path": "/tmp/x"},
    }
    await call("POST", path, {"metadata": {"name": "a"}, "spec": spec})
    csi = {"spec": {"hostPath": None, "csi": {"driver": "x", "volumeHandle": "h"}}}
    code, status = await call("PATCH", f"{path}/a", csi, Content_Type=_MERGE)
    [cause] = status["details"]["causes"]
    assert (code, cause["field"]) == (422, "spec.persistentvolumesource")
    lines = cause["message"].splitlines()
    assert lines[1] == "@@ -1,10 +1,7 @@"
    assert lines[3] == '  "GCEPersistentDisk": null,'
    assert '- "CSI": null' in lines
    assert '+  "VolumeHandle": "h",' in lines


async def test_features_that_a_new_node_declares_have_names(call: Caller) -> None:
    """As those have that it declares later."""
    node = {"metadata": {"name": "a"}, "status": {"declaredFeatures": ["B", "a"]}}
    code, status = await call("POST", "/api/v1/nodes", node)
    fields = [each["field"] for each in status["details"]["causes"]]
    assert (code, fields) == (422, ["status.declaredFeatures[1]"])


async def test_the_kernel_of_a_node_is_told_with_its_architecture(call: Caller) -> None:
    """Where the node says it."""
    info = {"kernelVersion": "6.1", "architecture": "arm64"}
    info |= dict.fromkeys(
        ("machineID", "systemUUID", "bootID", "osImage", "containerRuntimeVersion"), ""
    )
    info |= dict.fromkeys(("kubeletVersion", "kubeProxyVersion", "operatingSystem"), "")
    await call("POST", "/api/v1/nodes", {"metadata": {"name": "a"}, "status": {"nodeInfo": info}})
    _, table = await call("GET", "/api/v1/nodes/a", Accept=_TABLE)
    assert "6.1 (arm64)" in table["rows"][0]["cells"]


async def test_what_devices_take_of_a_node_is_not_kept(call: Caller) -> None:
    """The feature is off."""
    device = {"name": "d", "nodeAllocatableResourceMappings": {"cpu": {}}}
    pool = {"name": "p", "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "a.b", "nodeName": "n", "pool": pool, "devices": [device]}
    path = "/apis/resource.k8s.io/v1/resourceslices"
    code, made = await call("POST", path, {"metadata": {"name": "a"}, "spec": spec})
    assert (code, made["spec"]["devices"]) == (201, [{"name": "d"}])


async def test_a_review_of_a_token_keeps_what_it_does_not_find_out(call: Caller) -> None:
    """What its sender says of the audiences, say."""
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    said: dict[str, Any] = {"audiences": ["a"], "user": {"username": "me"}, "authenticated": True}
    _, review = await call("POST", path, {"spec": {"token": "x"}, "status": said})
    assert review["status"]["audiences"] == ["a"]
    assert review["status"]["user"] == {"username": "me"}
    assert "authenticated" not in review["status"]


async def test_what_does_not_fit_extra_attributes_is_told_by_their_type(call: Caller) -> None:
    """Which has a name in Go."""
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    code, status = await call("POST", path, {"spec": {"extra": 5}})
    assert code == 400
    assert status["message"].endswith(
        "json: cannot unmarshal number into Go struct field SubjectAccessReviewSpec.spec.extra of "
        "type map[string]v1.ExtraValue"
    )


async def test_an_ingress_without_rules_is_shown_without_them(call: Caller) -> None:
    """Whatever else its spec has, or has not."""
    path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
    for spec in ({}, {"ingressClassName": "a"}):
        code, status = await call("POST", path, {"metadata": {"name": "a"}, "spec": spec})
        [cause] = status["details"]["causes"]
        assert (code, cause["message"].split(":")[1]) == (422, " null")


@pytest.mark.parametrize(
    ("media_type", "said", "generation"),
    [
        (_MERGE, {"egress": []}, 2),
        (_MERGE, {"podSelector": {"matchLabels": {}}}, 2),
        (_MERGE, {"podSelector": {}}, 1),
        (_MERGE, {"policyTypes": []}, 1),
        ("application/apply-patch+yaml", {"podSelector": {}, "ingress": []}, 2),
    ],
)
async def test_an_empty_list_that_somebody_says_is_a_generation_of_a_network_policy(
    call: Caller, media_type: str, said: dict[str, Any], generation: int
) -> None:
    """Though it reads back as before: Go tells an empty one from none."""
    path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    _, made = await call("POST", path, {"metadata": {"name": "a"}, "spec": spec})
    head = {"apiVersion": made["apiVersion"], "kind": made["kind"], "metadata": {"name": "a"}}
    change = {**head, "spec": said}
    code, changed = await call(
        "PATCH", f"{path}/a?fieldManager=me", change, Content_Type=media_type
    )
    assert (code, changed["spec"]) == (200, made["spec"])
    assert changed["metadata"]["generation"] == generation
