"""What is created alike in one second says of its owners the very same, and is written once."""

import json
from typing import Any

from orchestrator.api import codec
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ManagedFieldsEntry, ObjectMeta
from orchestrator.machinery.managed_fields.field_sets import FieldSet
from orchestrator.machinery.managed_fields.ledger import Ledger

_OWNED: FieldSet = {"f:data": {".": {}, "f:key": {}}}


class _Path:
    """A path on which all objects have the same fields."""

    api_version = "v1"

    def created(self, new: Any) -> FieldSet:
        return _OWNED


def _created(seconds: float, who: str = "kubectl") -> Ledger:
    return Ledger((), _Path(), who, seconds, None, ConfigMap())  # type: ignore[arg-type]


def test_what_is_created_alike_in_one_second_shares_its_entries_and_their_text() -> None:
    one, other = _created(100.25), _created(100.75)
    assert one.entries() is other.entries()
    assert one.text() is other.text()
    assert one.managers() is other.managers()


def test_another_writer_or_second_is_told_apart() -> None:
    one, later, other = _created(100.0), _created(101.0), _created(100.0, "helm")
    (entry,), (second,), (third,) = one.entries(), later.entries(), other.entries()
    assert (entry.manager, entry.time) == ("kubectl", "1970-01-01T00:01:40Z")
    assert (second.manager, second.time) == ("kubectl", "1970-01-01T00:01:41Z")
    assert (third.manager, third.time) == ("helm", "1970-01-01T00:01:40Z")


def test_the_text_is_that_of_the_entries() -> None:
    ledger = _created(100.0)
    found = json.loads(codec.encode(ObjectMeta(name="a", managed_fields=ledger)))  # type: ignore[arg-type]
    entry = ManagedFieldsEntry(
        manager="kubectl",
        operation="Update",
        api_version="v1",
        time=ledger.entries()[0].time,
        fields_type="FieldsV1",
        fields_v1=_OWNED,
    )
    assert found["managedFields"] == [json.loads(codec.encode(entry))]
