"""Status documents, which clients compare as text."""

import pytest

from tests.apiserver.http.conftest import Caller


async def test_a_status_is_written_as_the_original_writes_it(call: Caller) -> None:
    """In the order of its fields, without what is empty, with a newline, and nothing about the server."""
    async with call.send("GET", "/api/v1/namespaces/default/pods/none") as answer:
        assert await answer.read() == (
            b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
            b'"message":"pods \\"none\\" not found","reason":"NotFound",'
            b'"details":{"name":"none","kind":"pods"},"code":404}\n'
        )
        assert "Server" not in answer.headers
    async with call.send("GET", "/api/v1/nothings") as answer:
        assert b'"reason":"NotFound","details":{},"code":404}\n' in await answer.read()


@pytest.mark.parametrize("path", ["/nothing", "/apis/nothing.example/v1/things"])
async def test_a_path_that_is_nothing_is_answered_as_text(call: Caller, path: str) -> None:
    """As Go's own multiplexer does; of a group that is there a Status says so."""
    async with call.send("GET", path) as answer:
        assert (answer.status, await answer.text()) == (404, "404 page not found\n")


async def test_items_of_a_typed_list_do_not_repeat_their_kind(call: Caller) -> None:
    """The list says it."""
    _, listed = await call("GET", "/api/v1/namespaces")
    assert listed["kind"] == "NamespaceList"
    assert all({"kind", "apiVersion"}.isdisjoint(item) for item in listed["items"])


async def test_a_scale_has_a_table_of_its_own(call: Caller) -> None:
    """With what is wanted and what is there."""
    template = {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": template}
    path = "/apis/apps/v1/namespaces/default/deployments"
    await call("POST", path, {"metadata": {"name": "web"}, "spec": spec})
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    code, table = await call("GET", f"{path}/web/scale", Accept=accept)
    assert code == 200
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "Desired", "Available", "Age"]
    assert table["rows"][0]["cells"][:2] == ["web", 2]


@pytest.mark.parametrize(
    ("headers", "uid", "groups", "extra"),
    [
        ({"Impersonate_Group": "g"}, '""', '[]string{"g"}', "(nil)"),
        ({"Impersonate_Uid": "7"}, '"7"', "[]string(nil)", "(nil)"),
        ({"Impersonate_Extra_Scopes": "s"}, '""', "[]string(nil)", '{"scopes":[]string{"s"}}'),
        ({"Impersonate_User": "", "Impersonate_Uid": "7"}, '"7"', "[]string(nil)", "(nil)"),
    ],
)
async def test_who_drops_rights_without_saying_for_whom_is_refused(
    call: Caller, headers: dict[str, str], uid: str, groups: str, extra: str
) -> None:
    """Instead of keeping the rights."""
    code, status = await call("GET", "/api/v1/pods", **headers)
    assert code == 400
    assert status["message"] == (
        f'requested &user.DefaultInfo{{Name:"", UID:{uid}, Groups:{groups}, '
        f"Extra:map[string][]string{extra}}} without impersonating a user name"
    )


async def test_an_empty_user_is_nobody_to_impersonate(call: Caller) -> None:
    """The request is its sender's."""
    assert (await call("GET", "/api/v1/pods", Impersonate_User=""))[0] == 200


async def test_a_content_encoding_of_a_body_is_not_looked_at(call: Caller) -> None:
    """The body is what it is: garbage is a bad request, JSON is read."""
    path = "/api/v1/namespaces/default/configmaps"
    body = b'{"metadata":{"name":"a"}}'
    headers = {"Content_Type": "application/json", "Content_Encoding": "gzip"}
    assert (await call("POST", path, b"\x1f\x8bgarbage", **headers))[0] == 400
    assert (await call("POST", path, body, **headers))[0] == 201


async def test_who_calls_an_old_path_is_told_first(call: Caller) -> None:
    """Whatever becomes of the request, and before any other warning."""
    path = "/api/v1/namespaces/default/endpoints"
    old = '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    async with call.send("GET", f"{path}/none") as answer:
        assert (answer.status, answer.headers.getall("Warning")) == (404, [old])
    async with call.send("POST", path, {"metadata": {"name": "a"}, "nonsense": 1}) as answer:
        unknown = '299 - "unknown field \\"nonsense\\""'
        assert answer.headers.getall("Warning") == [old, unknown]


@pytest.mark.parametrize("accept", ["text/html", "application/xml, application/cbor"])
async def test_a_form_that_nobody_knows_is_not_acceptable(call: Caller, accept: str) -> None:
    """And the answer says which are."""
    code, status = await call("GET", "/api/v1/namespaces/default", Accept=accept)
    assert (code, status["details"]) == (406, {})
    assert status["message"] == (
        "406: Not Acceptable\n\nAvailable representations: "
        "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    )
