"""Objects over HTTP: forms, pages, watches, warnings, and what is refused."""

import asyncio
import io
import json
from typing import Any

import pytest
import yaml

from orchestrator import Cluster
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.aside import aside
from orchestrator.apiserver.http import HttpFront, replies
from tests.apiserver.http.conftest import Caller
from tests.manifests import deployment, pod

CONFIGS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
Running = tuple[Cluster, HttpFront]


def _config(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


async def test_an_object_is_made_changed_and_deleted(call: Caller) -> None:
    """With Kubernetes' codes."""
    code, made = await call("POST", CONFIGS, _config("a", k="1"))
    assert (code, made["kind"], made["data"]) == (201, "ConfigMap", {"k": "1"})
    code, status = await call("POST", CONFIGS, _config("a"))
    assert (code, status["reason"]) == (409, "AlreadyExists")
    made["data"] = {"k": "2"}
    code, _ = await call("PUT", f"{CONFIGS}/a", made)
    assert code == 200
    code, status = await call("PUT", f"{CONFIGS}/a", made)
    assert (code, status["reason"]) == (409, "Conflict")
    patch = json.dumps([{"op": "replace", "path": "/data/k", "value": "3"}]).encode()
    code, patched = await call(
        "PATCH", f"{CONFIGS}/a", patch, Content_Type="application/json-patch+json"
    )
    assert (code, patched["data"]) == (200, {"k": "3"})
    code, status = await call("DELETE", f"{CONFIGS}/a")
    assert (code, status["status"]) == (200, "Success")
    assert (await call("GET", f"{CONFIGS}/a"))[0] == 404


async def test_a_small_patch_of_a_large_object_holds_nobody_up(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is large is written in threads, whoever says how little of it is to change; the rest is not."""
    taken: list[Any] = []

    async def counted(work: Any) -> Any:
        taken.append(work)
        return await aside(work)

    monkeypatch.setattr(replies, "aside", counted)
    merge = "application/merge-patch+json"
    for name, size, expected in (("small", 10, 0), ("large", 300_000, 1)):
        assert (await call("POST", CONFIGS, _config(name, k="v" * size)))[0] == 201
        taken.clear()
        patch = b'{"metadata":{"labels":{"a":"b"}}}'
        code, patched = await call("PATCH", f"{CONFIGS}/{name}", patch, Content_Type=merge)
        assert (code, patched["metadata"]["labels"]) == (200, {"a": "b"})
        assert len(taken) == expected


async def test_what_is_never_stored_is_not_shown_as_a_table(call: Caller) -> None:
    """Reviews, bindings and tokens: a client that takes documents, too, gets one."""
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    review = {"spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}}
    only_tables = TABLE.partition(",")[0]
    for asked in (path, "/api/v1/namespaces/default/bindings", f"{PODS}/a/binding"):
        code, status = await call("POST", asked, review, Accept=only_tables)
        assert (code, status["reason"]) == (406, "NotAcceptable")
    code, answered = await call("POST", path, review, Accept=TABLE)
    assert (code, answered["kind"]) == (201, "SelfSubjectAccessReview")


async def test_a_table_in_pages_of_kubectl_comes_at_once(running: Running, call: Caller) -> None:
    """kubectl would ask for five pages a second after the first ten; documents and smaller pages are what they were."""
    maps = [ConfigMap(metadata=ObjectMeta(name=f"m-{n}", namespace="default")) for n in range(501)]
    await running[0].client.create_all(maps)
    total = len(maps) + 1  # kube-root-ca.crt
    for query, accept, expected in (
        ("?limit=500", TABLE, total),
        ("?limit=499", TABLE, 499),
        ("?limit=500", "application/json", 500),
    ):
        code, page = await call("GET", CONFIGS + query, Accept=accept)
        shown = page["rows"] if accept is TABLE else page["items"]
        assert (code, len(shown)) == (200, expected)
        assert page["metadata"].get("remainingItemCount", 0) == total - expected


async def test_a_table_has_the_columns_that_kubectl_prints(call: Caller) -> None:
    """With the rows' metadata, or the whole objects if asked."""
    await call("POST", DEPLOYMENTS, deployment(replicas=2))
    code, table = await call("GET", DEPLOYMENTS, Accept=TABLE)
    assert (code, table["kind"]) == (200, "Table")
    names = [c["name"] for c in table["columnDefinitions"] if c["priority"] == 0]
    assert names == ["Name", "Ready", "Up-to-date", "Available", "Age"]
    (row,) = table["rows"]
    assert row["cells"][0] == "web"
    assert row["object"]["kind"] == "PartialObjectMetadata"
    _, table = await call("GET", f"{DEPLOYMENTS}?includeObject=Object", Accept=TABLE)
    assert table["rows"][0]["object"]["kind"] == "Deployment"


async def test_lists_come_in_pages_of_one_revision(call: Caller) -> None:
    """What is made meanwhile is not in them."""
    for number in range(5):
        await call("POST", CONFIGS, _config(f"c{number}"))
    query = "?limit=2&fieldSelector=metadata.name!=kube-root-ca.crt"
    _, page = await call("GET", CONFIGS + query)
    revision = page["metadata"]["resourceVersion"]
    names = [c["metadata"]["name"] for c in page["items"]]
    await call("POST", CONFIGS, _config("c9"))
    while token := page["metadata"].get("continue"):
        _, page = await call("GET", f"{CONFIGS}{query}&continue={token}")
        assert page["metadata"]["resourceVersion"] == revision
        names += [c["metadata"]["name"] for c in page["items"]]
    assert names == [f"c{number}" for number in range(5)]


async def test_a_list_of_what_is_made_up_has_no_revision(call: Caller) -> None:
    """Statuses of components are worked out when they are read."""
    code, found = await call("GET", "/api/v1/componentstatuses")
    assert (code, found["metadata"]) == (200, {})


async def test_a_watch_is_a_stream_of_events(call: Caller) -> None:
    """From the revision on that is asked for."""
    _, listed = await call("GET", CONFIGS)
    revision = listed["metadata"]["resourceVersion"]
    await call("POST", CONFIGS, _config("a"))
    seen: list[tuple[str, str]] = []
    async with call.send("GET", f"{CONFIGS}?watch=1&resourceVersion={revision}") as answer:
        assert answer.status == 200
        await call("DELETE", f"{CONFIGS}/a")
        while len(seen) < 2:
            line = await asyncio.wait_for(answer.content.readline(), 20)
            event = json.loads(line)
            seen.append((event["type"], event["object"]["metadata"]["name"]))
    assert seen == [("ADDED", "a"), ("DELETED", "a")]


async def test_a_watch_begins_with_what_there_is_and_says_when_that_was_all(call: Caller) -> None:
    """As informers of today ask for it."""
    await call("POST", CONFIGS, _config("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1"
    async with call.send("GET", f"{CONFIGS}?{query}") as answer:
        while True:
            event = json.loads(await asyncio.wait_for(answer.content.readline(), 20))
            if event["type"] == "BOOKMARK":
                break
            assert event["type"] == "ADDED"
    annotations = event["object"]["metadata"]["annotations"]
    assert annotations == {"k8s.io/initial-events-end": "true"}


async def test_a_token_that_nobody_gave_is_refused(call: Caller) -> None:
    """As one that has expired."""
    code, status = await call("GET", f"{CONFIGS}?limit=1&continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ")
    assert code in (400, 410)
    assert status["status"] == "Failure"


async def test_a_watch_from_before_the_cluster_was_there_is_too_old(call: Caller) -> None:
    """The client must list, and hears so as an event."""
    async with call.send("GET", "/api/v1/namespaces?watch=1&resourceVersion=1") as answer:
        event = json.loads(await answer.content.readline())
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    assert event["object"]["message"].startswith("too old resource version: 1 (")


async def test_a_watch_ends_when_its_time_is_up(call: Caller) -> None:
    """As a whole document."""
    async with call.send("GET", f"{CONFIGS}?watch=1&timeoutSeconds=1&resourceVersion=0") as answer:
        body = await asyncio.wait_for(answer.read(), 20)
    assert all(json.loads(line)["type"] for line in body.splitlines())


async def test_writers_of_a_status_are_warned_of_odd_addresses(call: Caller) -> None:
    """As writers of a spec are; the status is taken."""
    await call("POST", PODS, pod("p"))
    status = {"status": {"podIP": "FE80::1", "podIPs": [{"ip": "FE80::1"}]}}
    merge = "application/merge-patch+json"
    async with call.send("PATCH", f"{PODS}/p/status", status, Content_Type=merge) as answer:
        assert answer.status == 200
        assert answer.headers["Warning"] == (
            '299 - "status.podIPs[0].ip: IPv6 address \\"FE80::1\\" should be in RFC 5952 canonical '
            'format (\\"fe80::1\\")"'
        )


async def test_unknown_fields_are_refused_warned_of_or_dropped(call: Caller) -> None:
    """As the client asks."""
    wrong = {**pod("p"), "spce": {}}
    code, status = await call("POST", f"{PODS}?fieldValidation=Strict", wrong)
    assert code == 400
    assert 'strict decoding error: unknown field "spce"' in status["message"]
    async with call.send("POST", f"{PODS}?fieldValidation=Warn&dryRun=All", wrong) as answer:
        assert answer.status == 201
        assert answer.headers["Warning"] == '299 - "unknown field \\"spce\\""'
    async with call.send("POST", f"{PODS}?fieldValidation=Ignore&dryRun=All", wrong) as answer:
        assert answer.status == 201
        assert "Warning" not in answer.headers


async def test_a_dry_run_changes_nothing(call: Caller) -> None:
    """But answers as if it had."""
    code, made = await call("POST", f"{CONFIGS}?dryRun=All", _config("a"))
    assert code == 201
    assert made["metadata"]["uid"]
    assert (await call("GET", f"{CONFIGS}/a"))[0] == 404


async def test_subresources_have_kinds_of_their_own(call: Caller) -> None:
    """Scale, status, binding."""
    await call("POST", DEPLOYMENTS, deployment(replicas=1))
    _, scale = await call("GET", f"{DEPLOYMENTS}/web/scale")
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 1)
    scale["spec"]["replicas"] = 3
    code, _ = await call("PUT", f"{DEPLOYMENTS}/web/scale", scale)
    assert code == 200
    _, web = await call("GET", f"{DEPLOYMENTS}/web/status")
    assert web["spec"]["replicas"] == 3


async def test_yaml_is_read_and_written(call: Caller) -> None:
    """For those who ask."""
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yes-man}\ndata: {k: 'on'}\n"
    async with call.send(
        "POST", CONFIGS, body, Content_Type="application/yaml", Accept="application/yaml"
    ) as answer:
        assert answer.status == 201
        document = yaml.safe_load(await answer.text())
        assert document["data"] == {"k": "on"}
        assert answer.headers["Content-Type"] == "application/yaml"


@pytest.mark.parametrize("size", [4 * 1024 * 1024])
async def test_a_body_that_is_too_large_is_refused(call: Caller, size: int) -> None:
    """Before it is read."""
    body = io.BytesIO(json.dumps(_config("big", k="x" * size)).encode())
    code, status = await call("POST", CONFIGS, body, Content_Type="application/json")
    assert (code, status["reason"]) == (413, "RequestEntityTooLarge")


async def test_the_server_stops_while_watches_are_open(running: Running, call: Caller) -> None:
    """And ends them."""
    _, front = running
    async with call.send("GET", f"{CONFIGS}?watch=1") as answer:
        await answer.content.readline()
        stopping = asyncio.ensure_future(front.__aexit__(None, None, None))
        await asyncio.wait_for(answer.content.read(), 20)
        await asyncio.wait_for(stopping, 20)
