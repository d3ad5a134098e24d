"""The cache: what a list of objects would answer, by name, namespace and index."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodSpec, PodStatus
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import resource_of
from orchestrator.client import Cache, Key, OfMetadata, OfStatus


def _pod(namespace: str, name: str, node: str = "", phase: str = "Pending") -> Pod:
    return Pod(
        metadata=ObjectMeta(namespace=namespace, name=name),
        spec=PodSpec(containers=(), node_name=node),
        status=PodStatus(phase=phase),
    )


def _by_node(pod: Pod) -> list[str]:
    return [pod.spec.node_name] if pod.spec is not None and pod.spec.node_name else []


def _by_phase(pod: Pod) -> list[str]:
    return [pod.status.phase or ""] if pod.status is not None else []


def _by_label(pod: Pod) -> list[str]:
    return [pod.metadata.labels["l"]] if "l" in pod.metadata.labels else []


def _cache() -> Cache[Pod]:
    cache: Cache[Pod] = Cache(resource_of(Pod))
    cache.add_index("node", _by_node)
    cache.add_index("phase", OfStatus(_by_phase))
    cache.add_index("label", OfMetadata(_by_label))
    return cache


_INDEXES = (("node", _by_node), ("phase", _by_phase), ("label", _by_label))

_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "status", "spec", "label", "remove"]),
        st.sampled_from("ab"),
        st.sampled_from("xyz"),
        st.sampled_from(["", "n1", "n2"]),
        st.sampled_from(["Pending", "Running"]),
    ),
    max_size=60,
)


@given(_STEPS)
def test_indexes_answer_what_a_look_at_everything_would(
    steps: list[tuple[str, str, str, str, str]],
) -> None:
    """After every change, of the status, the spec or the metadata alone, too."""
    cache, model = _cache(), dict[tuple[str, str], Pod]()
    for step, namespace, name, node, phase in steps:
        key = (namespace, name)
        old = model.get(key)
        if step == "remove":
            assert cache.remove(Key(*key)) is old
            model.pop(key, None)
            continue
        if step == "status" and old is not None:
            new = replace(old, status=PodStatus(phase=phase))
        elif step == "spec" and old is not None:
            new = replace(old, spec=PodSpec(containers=(), node_name=node))
        elif step == "label" and old is not None:
            new = replace(old, metadata=replace(old.metadata, labels={"l": node} if node else {}))
        else:
            new = _pod(namespace, name, node, phase)
        assert cache.put(new) is old
        model[key] = new
        for index, function in _INDEXES:
            for value in ("n1", "n2", "Pending", "Running"):
                wanted = {k for k, p in model.items() if value in function(p)}
                found = {
                    (p.metadata.namespace, p.metadata.name) for p in cache.by_index(index, value)
                }
                assert found == wanted
    assert len(cache) == len(model)
    for namespace in "ab":
        assert {p.metadata.name for p in cache.list(namespace)} == {
            n for ns, n in model if ns == namespace
        }


def test_an_index_that_comes_later_knows_what_was_there() -> None:
    """And one of a name that is taken changes nothing."""
    cache: Cache[Any] = Cache(resource_of(Pod))
    cache.put(_pod("a", "x", "n1"))
    cache.add_index("node", _by_node)
    cache.add_index("node", _by_phase)
    assert [p.metadata.name for p in cache.by_index("node", "n1")] == ["x"]
