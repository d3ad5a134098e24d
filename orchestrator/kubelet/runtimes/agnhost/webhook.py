"""`agnhost webhook` and `agnhost crd-conversion-webhook`: servers that the API server asks, over TLS.

What they allow, refuse and change is what Kubernetes' own tests of webhooks expect of them.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from orchestrator.kubelet.runtimes.services import (
    HttpRequest,
    HttpResponse,
    Scene,
    Service,
    text,
)

Review: TypeAlias = Mapping[str, Any]  # the request of an AdmissionReview
Answer: TypeAlias = dict[str, Any]  # its response, without the uid

_ALLOWED: Final[Mapping[str, Any]] = {"allowed": True}
_LABEL: Final = "webhook-e2e-test"
_DELAY_SECONDS: Final = 5.0
_FOR_EVER_SECONDS: Final = float(1 << 31)
_INIT: Final = {
    "image": "webhook-added-image",
    "name": "webhook-added-init-container",
    "resources": {},
}


def webhook(flags: Mapping[str, str]) -> tuple[Service, list[str]]:
    """The server that judges what is written."""

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        if request.path == "/readyz":
            return text("ok")
        judge = _JUDGES.get(request.path)
        return text("404 page not found\n", 404) if judge is None else _reviewed(request, judge)

    return _service(answer, flags), []


def conversion_webhook(flags: Mapping[str, str]) -> tuple[Service, list[str]]:
    """The server that converts objects of `stable.example.com` between its versions."""

    def answer(request: HttpRequest, port: int, scene: Scene) -> HttpResponse:
        if request.path == "/readyz":
            return text("ok")
        if request.path != "/crdconvert":
            return text("404 page not found\n", 404)
        review = json.loads(request.body)
        asked = review["request"]
        return _document({**review, "request": None, "response": _converted(asked)})

    return _service(answer, flags), []


def _service(
    answer: Callable[[HttpRequest, int, Scene], HttpResponse], flags: Mapping[str, str]
) -> Service:
    port = int(flags.get("port", "443"))
    certificate, key = flags.get("tls-cert-file", ""), flags.get("tls-private-key-file", "")
    return Service(answer, frozenset({port}), certificate=certificate, key=key)


def _document(value: Any, delay_seconds: float = 0.0) -> HttpResponse:
    data = json.dumps(value, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json"}
    return HttpResponse(200, data, headers, delay_seconds=delay_seconds)


# --- reviews -------------------------------------------------------------------------------


def _reviewed(request: HttpRequest, judge: Callable[[Review], Answer]) -> HttpResponse:
    review = json.loads(request.body)
    asked = review["request"]
    response = judge(asked)
    delay = response.pop("delay", 0.0)
    document = {
        "kind": "AdmissionReview",
        "apiVersion": review["apiVersion"],
        "response": {"uid": asked["uid"], **response},
    }
    return _document(document, delay)


def _denied(message: str) -> Answer:
    return {"allowed": False, "status": {"metadata": {}, "message": message}}


def _because(reason: str) -> Answer:
    return {"allowed": False, "status": {"metadata": {}, "reason": reason}}


def _patched(*operations: Mapping[str, Any]) -> Answer:
    patch = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"allowed": True, "patchType": "JSONPatch", "patch": patch}


def _allow_late(_asked: Review) -> Answer:
    message = {"metadata": {}, "message": "this webhook allows all requests"}
    return {"allowed": True, "status": message, "delay": _DELAY_SECONDS}


def _deny(_asked: Review) -> Answer:
    return _denied("this webhook denies all requests")


def _add_label(asked: Review) -> Answer:
    labels = asked["object"].get("metadata", {}).get("labels") or {}
    if not labels:
        added = {"added-label": "yes"}
        return _patched({"op": "add", "path": "/metadata/labels", "value": added})
    if labels.get("added-label") == "yes":
        return dict(_ALLOWED)
    op = "replace" if "added-label" in labels else "add"
    return _patched({"op": op, "path": "/metadata/labels/added-label", "value": "yes"})


def _judge_pod(asked: Review) -> Answer:
    pod = asked["object"]
    said = (pod.get("metadata", {}).get("labels") or {}).get(_LABEL)
    if said == "wait-forever":
        return {**_denied("the pod response should not be sent;"), "delay": _FOR_EVER_SECONDS}
    faults = ["the pod contains unwanted label;"] if said == "webhook-disallow" else []
    faults += [
        "the pod contains unwanted container name;"
        for container in pod["spec"].get("containers", ())
        if "webhook-disallow" in container["name"]
    ]
    return _denied(" ".join(faults)) if faults else dict(_ALLOWED)


def _judge_attachment(asked: Review) -> Answer:
    options = asked["object"]
    with_input = options.get("stdin") and options.get("container") == "container1"
    if asked["name"] == "to-be-attached-pod" and with_input:
        return _denied("attaching to pod 'to-be-attached-pod' is not allowed")
    return dict(_ALLOWED)


def _change_pod(asked: Review) -> Answer:
    pod = asked["object"]
    present = [each["name"] for each in pod["spec"].get("initContainers", ())]
    named = pod["metadata"].get("name") == "webhook-to-be-mutated"
    if not named or _INIT["name"] in present:
        return dict(_ALLOWED)
    return _patched({"op": "add", "path": "/spec/initContainers", "value": [_INIT]})


def _judge_data(what: str, contains: str) -> Callable[[Review], Answer]:
    """Of objects with data: what they may not hold, and what keeps them from being deleted."""

    def judge(asked: Review) -> Answer:
        deleted = asked["operation"] == "DELETE"
        data = (asked["oldObject"] if deleted else asked["object"]).get("data") or {}
        if data.get(_LABEL) == "webhook-disallow" and asked["operation"] in ("CREATE", "UPDATE"):
            return _because(f"the {what} contains unwanted {contains}")
        if data.get(_LABEL) == "webhook-nondeletable" and deleted:
            return _because(
                f"the {what} cannot be deleted because it contains unwanted key and value"
            )
        return dict(_ALLOWED)

    return judge


def _change_data(asked: Review) -> Answer:
    data = asked["object"].get("data") or {}
    for stage, before in (("mutation-stage-2", "mutation-stage-1"), ("mutation-stage-1", "mutation-start")):  # fmt: skip
        if data.get(before) == "yes":
            return _patched({"op": "add", "path": f"/data/{stage}", "value": "yes"})
    return dict(_ALLOWED)


def _judge_definition(asked: Review) -> Answer:
    labels = asked["object"].get("metadata", {}).get("labels") or {}
    if labels.get(_LABEL) == "webhook-disallow":
        return _denied("the crd contains unwanted label")
    return dict(_ALLOWED)


_JUDGES: Final[Mapping[str, Callable[[Review], Answer]]] = {
    "/always-allow-delay-5s": _allow_late,
    "/always-deny": _deny,
    "/add-label": _add_label,
    "/pods": _judge_pod,
    "/pods/attach": _judge_attachment,
    "/mutating-pods": _change_pod,
    "/configmaps": _judge_data("configmap", "key and value"),
    "/mutating-configmaps": _change_data,
    "/custom-resource": _judge_data("custom resource", "data"),
    "/mutating-custom-resource": _change_data,
    "/crd": _judge_definition,
}


# --- conversions ---------------------------------------------------------------------------


def _converted(asked: Review) -> Answer:
    wanted, found = asked["desiredAPIVersion"], []
    for obj in asked["objects"]:
        if obj["apiVersion"] == wanted:
            why = f"conversion from a version to itself should not call the webhook: {wanted}"
            failed = {"metadata": {}, "status": "Failure", "message": why}
            return {"uid": asked["uid"], "convertedObjects": [], "result": failed}
        found.append({**_in_version(dict(obj), wanted), "apiVersion": wanted})
    success = {"metadata": {}, "status": "Success"}
    return {"uid": asked["uid"], "convertedObjects": found, "result": success}


def _in_version(obj: dict[str, Any], wanted: str) -> dict[str, Any]:
    """One text `host:port` in the first version is two fields in the second."""
    if wanted.endswith("/v2") and "hostPort" in obj:
        obj["host"], _, obj["port"] = obj.pop("hostPort").partition(":")
    elif wanted.endswith("/v1") and ("host" in obj or "port" in obj):
        obj["hostPort"] = f"{obj.pop('host', '')}:{obj.pop('port', '')}"
    return obj
