"""The history of templates: revisions, their hashes, collisions."""

import msgspec
import pytest

from orchestrator import Cluster
from orchestrator.api.apps.v1 import ControllerRevision, DaemonSet, DaemonSetSpec, StatefulSet
from orchestrator.api.core.v1 import Container, PodSpec, PodTemplateSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.controllers.rollout.revisions import hash_of, make, patch_of, template_of
from tests.controllers.test_stateful_set import stateful_set


def _template(image: str) -> PodTemplateSpec:
    return PodTemplateSpec(
        metadata=ObjectMeta(labels={"app": "ss"}),
        spec=PodSpec(containers=(Container(name="c", image=image),)),
    )


def test_a_revision_gives_its_template_back() -> None:
    """As it was, without what the patch adds."""
    template = _template("img:1")
    revision = ControllerRevision(data=patch_of(template))
    found = template_of(revision)
    assert found.metadata == template.metadata
    assert found.spec is not None
    assert found.spec.containers[0].image == "img:1"


@pytest.mark.parametrize(("collisions", "equal"), [(0, True), (1, False)])
def test_collisions_give_another_hash(collisions: int, equal: bool) -> None:
    """For the same template."""
    patch = patch_of(_template("img:1"))
    assert (hash_of(patch, 0) == hash_of(patch, collisions)) is equal


def test_the_data_of_a_revision_stands_in_the_order_of_its_keys() -> None:
    """As Go writes it: clients compare the texts, to find the revision of a template."""
    template = _template("img:1")
    owner = DaemonSet(
        metadata=ObjectMeta(name="ds", namespace="default", uid="u"),
        spec=DaemonSetSpec(template=template),
    )
    text = msgspec.json.encode(make(owner, 1, "hash", "label").data)
    assert text == msgspec.json.encode(patch_of(template), order="sorted")
    assert text.startswith(b'{"spec":{"template":{"$patch":"replace","metadata":{')


async def test_a_name_that_is_taken_is_not_taken_over(cluster: Cluster) -> None:
    """The set's revision gets another name, and the status counts the collision."""
    other = ControllerRevision(
        metadata=ObjectMeta(name="ss-5b74778db", namespace="default"),
        data={"of": "another"},
        revision=1,
    )
    await cluster.client.create(other)
    await cluster.apply([stateful_set(1)])
    await cluster.clock.sleep(15)
    found = await cluster.client.get(StatefulSet, "ss", namespace="default")
    assert found.status is not None
    assert found.status.collision_count == 1
    assert found.status.update_revision not in ("", "ss-5b74778db")
    kept = await cluster.client.get(ControllerRevision, "ss-5b74778db", namespace="default")
    assert kept.data == {"of": "another"}
