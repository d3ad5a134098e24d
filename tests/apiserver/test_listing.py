"""Lists: selectors, pages that fit together, revisions."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.api.core.v1 import Binding, ConfigMap, ObjectReference, Pod
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Scheme
from orchestrator.apiserver import BOOKMARK_SECONDS
from orchestrator.apiserver.admission import DEFAULT_CHAIN
from orchestrator.apiserver.expiry import STATE_SECONDS
from orchestrator.apiserver.indexes import Indexes
from orchestrator.apiserver.listing import ContinueToken, answer_list
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.apiserver.telemetry.storage import Looked
from orchestrator.protocol import BadRequest, Expired, Invalid, List, ServerTimeout, status_of
from orchestrator.store import MemoryStore, Write
from tests.apiserver.harness import Api, meta, namespace, pod, refused

_TOKEN = ContinueToken("meta.k8s.io/v1", 1, "a").encode()


async def several(api: Api) -> None:
    """Pods of two apps on two nodes in two namespaces."""
    await api.create(namespace("team"))
    for name, app, node in [("a", "x", "n1"), ("b", "y", "n1"), ("c", "x", "n2"), ("d", "x", "")]:
        await api.create(pod(name, {"app": app}))
        if node:
            target = ObjectReference(kind="Node", name=node)
            binding = Binding(metadata=meta(name), target=target)
            pods = api.resource(Pod)
            await api.create(binding, resource=pods, name=name, subresource="binding")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"label_selector": "app=x"}, ["a", "c", "d"]),
        ({"label_selector": "app notin (x)"}, ["b"]),
        ({"field_selector": "spec.nodeName=n1"}, ["a", "b"]),
        ({"field_selector": "spec.nodeName="}, ["d"]),
        ({"field_selector": "spec.nodeName!=n1"}, ["c", "d"]),
        ({"field_selector": "spec.nodeName=n1", "label_selector": "app=x"}, ["a"]),
        ({"field_selector": "spec.nodeName=n1", "namespace": "team"}, []),
        ({"field_selector": "metadata.name=c"}, ["c"]),
        ({"field_selector": "metadata.name=c", "namespace": "default"}, ["c"]),
        ({"field_selector": "metadata.name=none", "namespace": "default"}, []),
        ({"field_selector": "status.phase=Pending", "namespace": "default"}, list("abcd")),
        ({"namespace": "team"}, []),
        ({"namespace": "nowhere"}, []),
    ],
)
async def test_selectors_select(api: Api, options: dict[str, str], names: list[str]) -> None:
    """Whether an index helps or not."""
    await several(api)
    assert await api.list(Pod, **options) == names


async def test_a_list_says_at_which_revision_it_is(api: Api) -> None:
    """A watch goes on from there."""
    await api.create(pod("a"))
    page = await api.page(Pod)
    assert page.revision == api.store.revision
    assert page.items[0] is await api.get(Pod, "a")


async def test_wrong_selectors_are_refused(api: Api) -> None:
    """As a bad request."""
    error = await refused(BadRequest, api.page(Pod, field_selector="spec.color=red"))
    assert error.message == "field label not supported: spec.color"
    await refused(BadRequest, api.page(Pod, label_selector="a b"))


# --- pages ---------------------------------------------------------------------------------


async def configs(api: Api, *names: str) -> None:
    """Config maps of these names."""
    for name in names:
        await api.create(ConfigMap(metadata=meta(name)))


async def test_pages_are_of_one_revision(api: Api) -> None:
    """What changes between two pages is not seen, whatever it is."""
    await configs(api, *"abcde")
    first = await api.page(ConfigMap, namespace="default", limit=2)
    assert [each.metadata.name for each in first.items] == ["a", "b"]
    assert first.remaining == 3
    await api.delete(ConfigMap, "c")
    await configs(api, "bb", "f")
    await api.patch(ConfigMap, "d", {"data": {"x": "1"}})
    second = await api.page(
        ConfigMap, namespace="default", limit=2, continue_token=first.continue_token
    )
    assert [each.metadata.name for each in second.items] == ["c", "d"]
    assert second.items[1].data == {}
    assert (second.revision, second.remaining) == (first.revision, 1)
    last = await api.page(
        ConfigMap, namespace="default", limit=2, continue_token=second.continue_token
    )
    assert [each.metadata.name for each in last.items] == ["e"]
    assert (last.continue_token, last.remaining) == ("", None)


async def test_a_page_costs_its_own_length(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One object more than it has is looked at, however many are behind it; they are counted, not read."""
    await configs(api, *(f"c{number:03}" for number in range(200)))
    scan = api.store.scan
    looked_at: list[Any] = []

    def noting(*arguments: Any, **options: Any) -> Iterator[Any]:
        for each in scan(*arguments, **options):
            looked_at.append(each)
            yield each

    monkeypatch.setattr(api.store, "scan", noting)
    page = await api.page(ConfigMap, namespace="default", limit=10)
    assert (len(page.items), page.remaining, len(looked_at)) == (10, 190, 11)
    looked_at.clear()
    await api.page(ConfigMap, namespace="default", limit=10, continue_token=page.continue_token)
    assert len(looked_at) == 11


async def test_remaining_is_not_counted_with_selectors(api: Api) -> None:
    """It would mean to look through everything."""
    await configs(api, *"abc")
    page = await api.page(ConfigMap, field_selector="metadata.namespace=default", limit=1)
    assert page.continue_token
    assert page.remaining is None


async def test_a_token_ends_when_its_revision_is_compacted(api: Api) -> None:
    """The client begins again, or goes on in the present state with the token of the answer."""
    await configs(api, *"abc")
    page = await api.page(ConfigMap, namespace="default", limit=1)
    await api.create(ConfigMap(metadata=meta("d")))
    api.store.compact(api.store.revision)
    token = page.continue_token
    error = await refused(Expired, api.page(ConfigMap, limit=1, continue_token=token))
    assert error.message.startswith("The provided continue parameter is too old to display")
    rest = {"namespace": "default", "continue_token": error.continue_token}
    page = await api.page(ConfigMap, limit=1, **rest)
    assert ([each.metadata.name for each in page.items], page.remaining) == (["b"], 2)
    assert page.revision == api.store.revision
    assert await api.list(ConfigMap, **rest) == ["b", "c", "d"]


async def test_a_token_ends_after_minutes(api: Api) -> None:
    """Past states are listed for five minutes; while nothing changes, there is none that is past."""
    await configs(api, *"abc")
    first = await api.page(ConfigMap, namespace="default", limit=1)
    await api.settle(STATE_SECONDS + 2 * BOOKMARK_SECONDS)
    token = first.continue_token
    assert await api.list(ConfigMap, namespace="default", continue_token=token) == ["b", "c"]
    await configs(api, "d")
    assert await api.list(ConfigMap, namespace="default", continue_token=token) == ["b", "c"]
    await api.settle(STATE_SECONDS + 2 * BOOKMARK_SECONDS)
    error = await refused(Expired, api.page(ConfigMap, continue_token=token))
    assert status_of(error).metadata.continue_ == error.continue_token != ""


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("x", "illegal base64 data at input byte 0"),
        ("ab!", "illegal base64 data at input byte 2"),
        ("!!!!", "illegal base64 data at input byte 0"),
        ("abcde", "illegal base64 data at input byte 4"),
        ("e30", "server does not recognize this encoded version "),
        (
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ",
            "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ),
        (
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NX0",
            "encoded start key empty (version meta.k8s.io/v1)",
        ),
    ],
)
async def test_a_forged_token_is_refused(api: Api, token: str, why: str) -> None:
    """It is the client's fault, in the original's words."""
    error = await refused(BadRequest, api.page(ConfigMap, continue_token=token))
    assert error.message == f"invalid continue token: continue key is not valid: {why}"


# --- revisions -----------------------------------------------------------------------------


async def test_a_list_can_be_of_an_exact_revision(api: Api) -> None:
    """As long as history reaches."""
    await configs(api, "a")
    then = api.store.revision
    await configs(api, "b")
    exact = {"resource_version": str(then), "match": "Exact", "namespace": "default"}
    assert await api.list(ConfigMap, **exact) == ["a"]
    newer = {"resource_version": str(then), "match": "NotOlderThan", "namespace": "default"}
    assert await api.list(ConfigMap, **newer) == ["a", "b"]
    assert await api.list(ConfigMap, resource_version="0", namespace="default") == ["a", "b"]
    api.store.compact(api.store.revision)
    error = await refused(Expired, api.page(ConfigMap, **exact))
    assert error.message == "The resourceVersion for the provided list is too old."


async def test_a_revision_of_the_future_is_refused_for_now(api: Api) -> None:
    """Another server's, perhaps; try again."""
    present = api.store.revision
    future = str(present + 10)
    error = await refused(ServerTimeout, api.page(ConfigMap, resource_version=future))
    assert error.message == (f"Timeout: Too large resource version: {future}, current: {present}")
    assert error.retry_after_seconds == 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"match": "Exact"},
            Invalid,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            {"match": "Exact", "resource_version": "0"},
            Invalid,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
            'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            {"resource_version": "x"},
            BadRequest,
            'invalid resource version: resourceVersion: Invalid value: "x": '
            'strconv.ParseUint: parsing "x": invalid syntax',
        ),
        (
            {"resource_version": "1", "continue_token": _TOKEN},
            BadRequest,
            "specifying resource version is not allowed when using continue",
        ),
    ],
)
async def test_list_options_must_make_sense(
    api: Api, options: dict[str, Any], error: type[Any], message: str
) -> None:
    """In Kubernetes' words."""
    assert (await refused(error, api.page(ConfigMap, **options))).message == message


# --- any pages of any state ----------------------------------------------------------------

KEYS = st.tuples(st.sampled_from("abc"), st.sampled_from("mnopq"))


@settings(max_examples=150, deadline=None)
@given(
    before=st.sets(KEYS),
    between=st.lists(st.lists(KEYS, max_size=4), max_size=20),
    limit=st.integers(1, 4),
    namespace=st.sampled_from(["", "a", "b"]),
)
def test_pages_together_are_the_list(
    before: set[tuple[str, str]],
    between: list[list[tuple[str, str]]],
    limit: int,
    namespace: str,
) -> None:
    """However many writes lie between two of them."""
    store = MemoryStore()
    scheme = Scheme.builtin()
    resource = scheme.by_type(ConfigMap)
    served = Served(resource, scheme, DEFAULT_CHAIN)
    indexes = Indexes(store)

    def toggle(key: tuple[str, str]) -> None:
        found = store.get("configmaps", *key)
        new = found or ConfigMap(metadata=ObjectMeta(namespace=key[0], name=key[1]))
        write = Write("configmaps", *key, new, found, delete=found is not None)
        store.commit(write, lambda _outcome: None)

    for key in before:
        toggle(key)
    pages: list[Any] = []
    token, writes = "", iter(between)
    while not pages or token:
        message = List(resource=resource, namespace=namespace, limit=limit, continue_token=token)
        page = answer_list(store, indexes, served, message, Looked())
        assert len(page.items) == limit or not page.continue_token
        pages += [(each.metadata.namespace, each.metadata.name) for each in page.items]
        token = page.continue_token
        for key in next(writes, []):
            toggle(key)
        if not pages:
            break
    assert pages == sorted(key for key in before if namespace in ("", key[0]))
