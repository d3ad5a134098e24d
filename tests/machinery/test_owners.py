"""Owner references."""

import pytest

from orchestrator.api.apps.v1 import ReplicaSet
from orchestrator.api.core.v1 import Pod
from orchestrator.api.meta.v1 import ObjectMeta, OwnerReference
from orchestrator.machinery import owners
from orchestrator.machinery.errors import MachineryError

SET = ReplicaSet(metadata=ObjectMeta(name="web", namespace="shop", uid="u1"))
POD = Pod(metadata=ObjectMeta(name="web-1", namespace="shop"))


def test_reference_says_who_owns() -> None:
    """A reference names kind, name and uid, and by default that the owner is in charge."""
    reference = owners.owner_reference(SET)
    assert (reference.api_version, reference.kind) == ("apps/v1", "ReplicaSet")
    assert (reference.name, reference.uid) == ("web", "u1")
    assert reference.controller is True
    assert reference.block_owner_deletion is True
    weak = owners.owner_reference(SET, controller=False, block_owner_deletion=False)
    assert weak.controller is None
    assert weak.block_owner_deletion is None


def test_an_owner_must_have_been_stored() -> None:
    """Without a uid there is nothing to refer to."""
    with pytest.raises(MachineryError, match="Pod web-1 has no uid to refer to"):
        owners.owner_reference(POD)


def test_controller() -> None:
    """Of all owners one may be the controller, and it is known by its uid."""
    other = OwnerReference(api_version="v1", kind="X", name="x", uid="u2")
    owned = owners.with_owner(owners.with_owner(POD, other), owners.owner_reference(SET))
    found = owners.controller_of(owned)
    assert found is not None
    assert found.uid == "u1"
    assert owners.is_controlled_by(owned, SET)
    assert not owners.is_controlled_by(owned, ReplicaSet(metadata=ObjectMeta(uid="u2")))
    assert owners.is_owned_by(owned, "u2")
    assert owners.controller_of(POD) is None
    assert not owners.is_controlled_by(POD, SET)


def test_changes_share_and_settle() -> None:
    """Setting what is set, and removing what is not there, gives the same object."""
    reference = owners.owner_reference(SET)
    owned = owners.with_owner(POD, reference)
    assert POD.metadata.owner_references == ()
    assert owners.with_owner(owned, reference) is owned
    weak = owners.owner_reference(SET, controller=False)
    replaced = owners.with_owner(owned, weak)
    assert replaced.metadata.owner_references == (weak,)
    assert owners.without_owner(replaced, "u1") == POD
    assert owners.without_owner(POD, "u1") is POD


def test_two_controllers() -> None:
    """Two claims to be the controller are found."""
    first = owners.owner_reference(SET)
    second = OwnerReference(kind="X", name="x", uid="u2", controller=True)
    assert owners.two_controllers((first, second)) == ("ReplicaSet/web", "X/x")
    assert owners.two_controllers((first,)) is None
