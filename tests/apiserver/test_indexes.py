"""An index knows what the store holds, whenever it is asked."""

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.api.core.v1 import Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.apiserver.indexes import Indexes
from orchestrator.machinery import fields
from orchestrator.store import MemoryStore, Write

STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["", "n1", "n2"]), st.booleans()), max_size=30
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, asks=st.sets(st.integers(0, 30)), limit=st.integers(1, 8))
def test_the_candidates_are_those_of_a_plain_search(
    steps: list[tuple[str, str, bool]], asks: set[int], limit: int
) -> None:
    """However many changes lie between two questions, in history or beyond it."""
    store = MemoryStore(history_limit=limit)
    indexes = Indexes(store)
    selector = fields.compiled("spec.nodeName=n1", "pods")
    for number, (name, node, goes) in enumerate(steps):
        present = store.get("pods", "default", name)
        new = Pod(metadata=ObjectMeta(namespace="default", name=name), spec=PodSpec(node_name=node))
        if goes and present is not None:
            write = Write("pods", "default", name, present, present, delete=True)
        else:
            write = Write("pods", "default", name, new, present)
        store.commit(write, lambda _outcome: None)
        if number in asks:
            wanted = [pod for pod in store.list("pods") if pod.spec.node_name == "n1"]
            assert indexes.candidates("pods", "", selector) == wanted
            as_they_come = list(indexes.any_having("pods", "spec.nodeName", "n1", "default"))
            assert sorted(as_they_come, key=lambda pod: pod.metadata.name) == wanted
