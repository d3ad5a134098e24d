"""Answers in protobuf, for those that ask: objects, lists and watches."""

from orchestrator.api import protobuf
from orchestrator.apiserver.http.negotiation import negotiate
from tests.apiserver.http.conftest import Caller

_PROTOBUF = "application/vnd.kubernetes.protobuf"
_PATH = "/api/v1/namespaces/default/configmaps"


async def test_objects_and_lists_come_in_protobuf(call: Caller) -> None:
    """As the same documents that JSON has."""
    _, created = await call("POST", _PATH, {"metadata": {"name": "a"}, "data": {"x": "1"}})
    async with call.send("GET", f"{_PATH}/a", Accept=_PROTOBUF) as answer:
        assert answer.headers["Content-Type"] == _PROTOBUF
        assert protobuf.decode(await answer.read()) == created
    async with call.send("GET", _PATH, Accept=f"{_PROTOBUF},application/json") as answer:
        listed = protobuf.decode(await answer.read())
    assert listed["kind"] == "ConfigMapList"
    assert created["data"] in [item.get("data") for item in listed["items"]]


async def test_a_watch_comes_in_frames(call: Caller) -> None:
    """Four bytes of length, then the event with the object's envelope in it."""
    path = f"{_PATH}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name=a"
    await call("POST", _PATH, {"metadata": {"name": "a"}})
    async with call.send("GET", path, Accept=f"{_PROTOBUF};stream=watch") as answer:
        assert answer.headers["Content-Type"] == f"{_PROTOBUF};stream=watch"
        data = await answer.read()
    assert int.from_bytes(data[:4]) == len(data) - 4
    assert data[4:].startswith(b"\x0a\x05ADDED")
    envelope = data[data.index(protobuf.MAGIC) :]
    assert protobuf.decode(envelope)["metadata"]["name"] == "a"


def test_metadata_comes_in_protobuf_whatever_the_kind() -> None:
    """Watchers of metadata ask for that of custom resources, too, which have no other protobuf form."""
    media = "application/vnd.kubernetes.protobuf"
    metadata = f"{media};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert negotiate(media, False) is None
    form = negotiate(f"{media},{metadata}", False)
    assert form is not None
    assert (form.media, form.shape) == ("protobuf", "PartialObjectMetadataList")


async def test_a_table_is_never_protobuf(call: Caller) -> None:
    """Kubernetes has none."""
    accept = f"{_PROTOBUF};as=Table;v=v1;g=meta.k8s.io"
    assert (await call("GET", _PATH, Accept=accept))[0] == 406
