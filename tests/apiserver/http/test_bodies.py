"""Bodies, options and paths that are nearly right: read, or refused, as Kubernetes' own server does."""

import asyncio
from typing import Any

import pytest
from yarl import URL

from orchestrator.api import codec
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.apiserver.http.bodies import Expected, decode, decode_configuration, media_of
from orchestrator.protocol import BadRequest, UnsupportedMediaType
from tests.apiserver.http.conftest import Caller

_MANY = 1_000_000
_MAPS = "/api/v1/namespaces/default/configmaps"
_EXPECTED = Expected(ConfigMap, "v1", "ConfigMap")
_REPEATED = b"kind: ConfigMap\nmetadata: {name: q}\nfoo: 1\ndata: {a: b, a: c}\ndata: {a: d}\n"
_FIRST, _SECOND = ('line 4: key "a" already set in map', 'line 5: key "data" already set in map')


def test_keys_that_stand_twice_in_yaml_are_warned_of() -> None:
    """The last one counts, and each is told of with its line, before what is unknown."""
    received = decode(_REPEATED, "yaml", _EXPECTED, "Warn")
    assert received.object.data == {"a": "d"}
    assert received.warnings == (_FIRST, _SECOND, 'unknown field "foo"')
    assert decode(_REPEATED, "yaml", _EXPECTED, "Ignore").warnings == ()
    with pytest.raises(BadRequest) as caught:
        decode(_REPEATED, "yaml", _EXPECTED, "Strict")
    assert caught.value.message.endswith(
        f'strict decoding error: yaml: unmarshal errors:\n  {_FIRST}\n  {_SECOND}, unknown field "foo"'
    )


@pytest.mark.parametrize("text", ["", "null", "---\n---\nkind: Pod\n"])
def test_the_first_document_counts(text: str) -> None:
    """An empty one is an empty object, whatever stands behind it."""
    assert decode(text.encode(), "yaml", _EXPECTED, "Strict").object == ConfigMap()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"[]", "json parse error: json: cannot unmarshal array into Go value"),
        (b"x", "json parse error: json: cannot unmarshal string into Go value"),
        (b"a:\n\tb: c", "yaml: line 2: found character that cannot start any token (613a"),
        (b"a:\n b: [\n}", "yaml: line 2: did not find expected node content"),
        (b"a: \xff", "yaml: invalid leading UTF-8 octet"),
        (b"a: \xe2(", "yaml: invalid trailing UTF-8 octet"),
        (b"a: \xe2\x82", "yaml: incomplete UTF-8 octet sequence"),
    ],
)
def test_yaml_that_cannot_be_read_is_refused_in_the_words_of_gos_library(
    text: bytes, words: str
) -> None:
    """The scanner's lines count from 1, the parser's from 0."""
    with pytest.raises(BadRequest) as caught:
        decode(text, "yaml", _EXPECTED, "Warn")
    assert words in caught.value.message


def test_an_applied_configuration_may_be_followed_by_others() -> None:
    """Only the first document is applied."""
    assert decode_configuration(b"a: 1\n---\nb: 2\n", "Strict").object == {"a": 1}


def test_what_is_no_unicode_is_replaced() -> None:
    """A byte that is no UTF-8, and half a pair of surrogates, are U+FFFD, as Go reads them."""
    text = rb'{"a": "\ud800", "b": "\ud83d\ud83d\ude00", "c": "\\ud800"}'
    assert codec.loads(text) == {"a": "\ufffd", "b": "\ufffd\U0001f600", "c": "\\ud800"}
    assert codec.loads(b'["\xffx\xe2(\xe2\x82"]') == ["\ufffdx\ufffd(\ufffd\ufffd"]


async def test_paths_of_no_resource_have_their_methods(call: Caller) -> None:
    """Documents with a route are got; the others answer whatever method comes."""
    for path in ("/api", "/api/v1", "/apis/apps/v1", "/version"):
        assert (await call("POST", path))[0] == 405
    for path in ("/apis", "/apis/apps", "/"):
        assert (await call("POST", path))[0] == 200
    async with call.send("PUT", "/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok")
    for path in ("/api/v2", "/apis/apps/v2"):
        status, body = await call("DELETE", path)
        assert (status, body["reason"]) == (404, "NotFound")
    for path in ("/apis/nobody.io", "/openapi/v4", "/metrics/x"):
        async with call.send("GET", path) as answer:
            assert (answer.status, await answer.text()) == (404, "404 page not found\n")


async def _message(call: Caller, method: str, path: str, body: Any = None, **headers: str) -> str:
    _, answer = await call(method, path, body, **headers)
    return str(answer["message"])


async def test_faults_are_told_in_the_originals_order(call: Caller) -> None:
    """A token before the version beside it, an object that is not there before its patch."""
    found = await _message(call, "GET", f"{_MAPS}?continue=garbage&resourceVersion=abc")
    assert found.startswith("invalid continue token")
    merge = "application/merge-patch+json"
    found = await _message(call, "PATCH", f"{_MAPS}/none", b"{", Content_Type=merge)
    assert found == 'configmaps "none" not found'
    found = await _message(call, "PATCH", f"{_MAPS}/kube-root-ca.crt", b"{", Content_Type=merge)
    assert found == "error decoding patch: unexpected end of JSON input"


async def test_a_field_manager_is_printable(call: Caller) -> None:
    """Each character that is not is told of, with its place in bytes."""
    path = f"{_MAPS}?fieldManager=%C3%A9%01"
    found = await _message(call, "POST", path, {"metadata": {"name": "x"}})
    assert found.endswith("invalid character U+0001 (at position 2)")


async def test_who_shows_warnings_is_told_of_fields_without_effect(call: Caller) -> None:
    """kubectl hears of a field that nobody acts upon when it writes it; other clients hear what the original says."""
    path = "/api/v1/namespaces/default/pods"
    spec = {
        "containers": [{"name": "c", "image": "i"}],
        "securityContext": {"seLinuxChangePolicy": "Recursive"},
    }
    pod = {"metadata": {"name": "p"}, "spec": spec}
    told = {"User-Agent": "kubectl/v1.36.2"}
    async with call.send("POST", path, pod, **told) as answer:
        assert answer.headers["Warning"].startswith(
            '299 - "spec.securityContext.seLinuxChangePolicy: stored, but '
        )
    async with call.send(
        "POST", f"{path}?dryRun=All", {**pod, "metadata": {"name": "q"}}
    ) as answer:
        assert (answer.status, "Warning" in answer.headers) == (201, False)
    patch = {"Content-Type": "application/merge-patch+json"}
    async with call.send(
        "PATCH", f"{path}/p", b'{"metadata":{"labels":{"a":"b"}}}', **told, **patch
    ) as answer:
        assert (answer.status, "Warning" in answer.headers) == (200, False)


async def test_the_name_of_the_path_is_the_objects(call: Caller) -> None:
    """An applied configuration need not say it again, and a patch may not take it away."""
    path = f"{_MAPS}/kube-root-ca.crt?dryRun=All"
    apply, patch = "application/apply-patch+yaml", "application/json-patch+json"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}
    status, _ = await call("PATCH", f"{path}&fieldManager=m", body, Content_Type=apply)
    assert status == 200
    body["metadata"] = {"name": "other"}
    status, _ = await call("PATCH", f"{path}&fieldManager=m", body, Content_Type=apply)
    assert status == 400
    taken = [{"op": "remove", "path": "/metadata/name"}]
    found = await _message(call, "PATCH", path, taken, Content_Type=patch)
    assert found.endswith(
        "(kube-root-ca.crt based on URL) was undeterminable: name must be provided"
    )


async def test_a_service_is_tried_where_webhooks_are_asked(call: Caller) -> None:
    """A dry run has taken no address that it could lose while a webhook thinks."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["*"]}
    hook = {
        "name": "a.b.c",
        "clientConfig": {"service": {"namespace": "default", "name": "nobody"}},
        "rules": [rule],
        "failurePolicy": "Ignore",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    hooks = {"metadata": {"name": "h"}, "webhooks": [hook]}
    group = "/apis/admissionregistration.k8s.io/v1"
    assert (await call("POST", f"{group}/validatingwebhookconfigurations", hooks))[0] == 201
    services, spec = "/api/v1/namespaces/default/services", {"ports": [{"port": 80}]}
    for name, options in (("a", "?dryRun=All"), ("a", ""), ("b", "?dryRun=All")):
        service = {"metadata": {"name": name}, "spec": {**spec, "type": "NodePort"}}
        assert (await call("POST", services + options, service))[0] == 201


async def test_a_selector_of_no_field_selects_all(call: Caller) -> None:
    """As long as it wants no value either."""
    for selector, expected in (("%3D", 200), ("!%3D", 200), ("%3Dx", 400)):
        assert (await call("GET", f"{_MAPS}?fieldSelector={selector}"))[0] == expected


@pytest.mark.parametrize(
    ("value", "shown"), [(b"5", "number"), (b"[]", "array"), (b"{}", "object")]
)
def test_a_kind_that_is_no_text_is_refused(value: bytes, shown: str) -> None:
    """Before anything else of the document is looked at."""
    words = f"json: cannot unmarshal {shown} into Go struct field .kind of type string"
    with pytest.raises(BadRequest) as caught:
        decode(b'{"kind": ' + value + b', "data": 1}', "json", _EXPECTED, "Warn")
    assert f"couldn't get version/kind; json parse error: {words}" in caught.value.message


async def test_deletion_options_of_a_strange_kind_are_refused(call: Caller) -> None:
    """The request is bad, and nothing is deleted."""
    status, answer = await call("DELETE", f"{_MAPS}/kube-root-ca.crt", {"kind": {"a": "b"}})
    assert status == 400
    assert answer["message"].endswith(
        "cannot unmarshal object into Go struct field .kind of type string"
    )


async def test_a_path_with_half_an_escape_is_no_request(call: Caller) -> None:
    """As Go's server answers it."""
    url = URL(f"{call.url}{_MAPS}/a%b", encoded=True)
    async with call.session.get(url) as response:
        status, answer = response.status, await response.text()
    assert (status, answer) == (400, "400 Bad Request")


async def test_metadata_of_nothing_is_no_list(call: Caller) -> None:
    """Whoever asks for the metadata of objects that are not there hears of null."""
    form = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    status, answer = await call("GET", f"{_MAPS}?labelSelector=none", Accept=form)
    assert (status, answer["items"]) == (200, None)


async def test_an_object_with_many_faults_is_told_of_the_first_thousand(call: Caller) -> None:
    """A small body does not become a large answer."""
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{}] * 5_000}}
    status, answer = await call("POST", "/api/v1/namespaces/default/pods", pod)
    assert (status, len(answer["details"]["causes"])) == (422, 1_000)


async def test_large_objects_are_written_as_small_ones(call: Caller) -> None:
    """Created, patched, applied and replaced, with their owners, in turns with others' requests."""
    data = {f"k{n}": "v" * 20 for n in range(2_000)}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": data}
    assert (await call("POST", _MAPS, body))[0] == 201
    apply, merge = "application/apply-patch+yaml", "application/merge-patch+json"
    path = f"{_MAPS}/large"
    status, made = await call("PATCH", path, {"data": {**data, "k0": "w"}}, Content_Type=merge)
    assert (status, made["data"]["k0"]) == (200, "w")
    status, answer = await call("PATCH", f"{path}?fieldManager=m", body, Content_Type=apply)
    assert (status, answer["reason"]) == (409, "Conflict")
    status, made = await call("PATCH", f"{path}?fieldManager=m&force=1", body, Content_Type=apply)
    assert (status, made["data"]["k0"]) == (200, "v" * 20)
    status, made = await call("PUT", path, {**body, "immutable": True})
    assert (status, made["immutable"]) == (200, True)
    status, answer = await call("PUT", path, {**body, "immutable": False})
    assert (status, answer["reason"]) == (422, "Invalid")


async def test_a_large_service_has_an_address_of_its_own(call: Caller) -> None:
    """What is allotted to one whose steps are taken in turns is nobody else's."""
    services = "/api/v1/namespaces/default/services"
    spec = {"ports": [{"port": 80}]}
    notes = {"a": "x" * 20_000}

    async def made(name: str, notes: dict[str, str]) -> str:
        metadata = {"name": name, "annotations": notes}
        status, answer = await call("POST", services, {"metadata": metadata, "spec": spec})
        assert status == 201
        return str(answer["spec"]["clusterIP"])

    found = await asyncio.gather(*(made(f"s{n}", notes if n % 2 else {}) for n in range(8)))
    assert len(set(found)) == 8


@pytest.mark.parametrize(
    "text",
    [
        "application/json;a=b" + " " * _MANY + "(",
        "application/json" + " " * _MANY + "(",
        "application/json" + ";a=b" * (_MANY // 4) + "(",
        'application/json;a="' + "\\" * _MANY,
    ],
)
def test_a_media_type_that_does_not_end_is_refused(text: str) -> None:
    """In a time that grows with its length only."""
    with pytest.raises(UnsupportedMediaType):
        media_of(text)
