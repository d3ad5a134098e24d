"""Who owns what is said of an object and not kept of it, and what nobody can own."""

import json
from typing import Any

import pytest

from tests.apiserver.http.conftest import Caller

_ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


def _owned(obj: Any) -> dict[str, Any]:
    return {
        each["manager"]: each["fieldsV1"] for each in obj["metadata"].get("managedFields") or ()
    }


@pytest.mark.parametrize(
    ("path", "kept", "said", "field"),
    [
        (
            "/apis/storage.k8s.io/v1/csidrivers",
            {"attachRequired": True},
            {"preventPodSchedulingIfMissing": True},
            "f:preventPodSchedulingIfMissing",
        ),
        (
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            {"holderIdentity": "a"},
            {"preferredHolder": "b"},
            "f:preferredHolder",
        ),
    ],
)
async def test_who_says_what_a_kind_does_not_keep_owns_it(
    call: Caller, path: str, kept: dict[str, Any], said: dict[str, Any], field: str
) -> None:
    """Though nothing else changes; saying it again changes nothing."""
    await call("POST", path, {"metadata": {"name": "a"}, "spec": kept})
    change = f"{path}/a?fieldManager=other"
    _, patched = await call("PATCH", change, {"spec": said}, Content_Type=_MERGE)
    assert patched["spec"].items() >= kept.items()
    assert not patched["spec"].keys() & said.keys()
    assert _owned(patched)["other"] == {"f:spec": {field: {}}}
    _, again = await call("PATCH", change, {"spec": said}, Content_Type=_MERGE)
    assert again["metadata"]["resourceVersion"] == patched["metadata"]["resourceVersion"]


async def test_who_makes_what_a_kind_does_not_keep_owns_it(call: Caller) -> None:
    """Fields of pods that features would use that are off."""
    container = {"name": "c", "image": "i", "lifecycle": {"stopSignal": "SIGTERM"}}
    spec = {
        "containers": [container],
        "schedulingGroup": {"podGroupName": "g"},
        "os": {"name": "linux"},
    }
    code, made = await call(
        "POST",
        "/api/v1/namespaces/default/pods?fieldManager=me",
        {"metadata": {"name": "a"}, "spec": spec},
    )
    assert (code, "schedulingGroup" in made["spec"]) == (201, False)
    owned = _owned(made)["me"]["f:spec"]
    assert owned["f:schedulingGroup"] == {".": {}, "f:podGroupName": {}}
    [fields] = owned["f:containers"].values()
    assert fields["f:lifecycle"] == {".": {}, "f:stopSignal": {}}


async def test_an_item_that_nothing_tells_apart_leaves_an_object_without_owners(
    call: Caller,
) -> None:
    """A Secret without a name: nobody owns anything then, and nobody can apply."""
    account = {"metadata": {"name": "a"}, "automountServiceAccountToken": True}
    _, made = await call("POST", _ACCOUNTS, account)
    assert _owned(made)
    nameless = json.dumps({"secrets": [{"namespace": "default"}]}).encode()
    _, patched = await call("PATCH", f"{_ACCOUNTS}/a", nameless, Content_Type=_MERGE)
    assert patched["secrets"] == [{}]
    assert not _owned(patched)
    applied = {"apiVersion": "v1", "kind": "ServiceAccount", **account}
    code, status = await call(
        "PATCH", f"{_ACCOUNTS}/a?fieldManager=me", applied, Content_Type=_APPLY
    )
    assert code == 500
    assert status["message"] == (
        "failed to create manager for existing fields: failed to convert new object (default/a; /v1, "
        "Kind=ServiceAccount) to smd typed: .secrets: element 0: associative list with keys has an "
        'element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)'
    )
    named = json.dumps({"secrets": [{"name": "b"}]}).encode()
    await call("PATCH", f"{_ACCOUNTS}/a", named, Content_Type=_MERGE)
    code, made = await call("PATCH", f"{_ACCOUNTS}/a?fieldManager=me", applied, Content_Type=_APPLY)
    assert (code, sorted(_owned(made))) == (200, ["before-first-apply", "me"])


async def test_a_status_of_a_new_object_is_looked_at_though_it_is_not_kept(call: Caller) -> None:
    """Conditions without a type."""
    level = {
        "metadata": {"name": "a"},
        "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}},
        "status": {"conditions": [{"status": "True"}]},
    }
    path = "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"
    code, made = await call("POST", path, level)
    assert (code, _owned(made)) == (201, {})
