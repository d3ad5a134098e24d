"""How API objects look in a notebook."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from orchestrator import load_ipython_extension, to_yaml
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ManagedFieldsEntry, ObjectMeta
from orchestrator.notebook import html_of, html_of_all

_PAIR = ConfigMap(metadata=ObjectMeta(name="pair", namespace="default"), data={"k": "a < b"})


class _Formatter:
    def __init__(self) -> None:
        self.kinds: dict[type[Any], Any] = {}

    def for_type(self, kind: type[Any], function: Any) -> None:
        self.kinds[kind] = function


class _Shell:
    def __init__(self) -> None:
        self.display_formatter = self
        self.formatters = {"text/html": _Formatter()}


def test_the_extension_shows_objects_as_yaml() -> None:
    """`%load_ext orchestrator` teaches the shell to show an object by its name and its YAML."""
    shell = _Shell()
    load_ipython_extension(shell)  # type: ignore[arg-type]
    shown = shell.formatters["text/html"].kinds[Struct](_PAIR)
    assert "<code>ConfigMap default/pair</code>" in shown
    assert "kind: ConfigMap" in shown
    assert "a &lt; b" in shown


def test_a_list_is_the_objects_one_below_the_other() -> None:
    """A hundred of them at the most; what holds anything else is shown as ever."""
    shown = html_of_all((_PAIR, _PAIR)) or ""
    assert shown.count("<summary><code>ConfigMap default/pair</code>") == 2
    assert (html_of_all([_PAIR] * 1_234) or "").endswith("<p>and 1,134 more</p>")
    assert html_of_all(()) is None
    assert html_of_all((_PAIR, 1)) is None
    assert html_of_all((_PAIR, _PAIR.metadata)) is None


def test_owners_of_fields_are_left_out() -> None:
    """As kubectl leaves them out."""
    entry = ManagedFieldsEntry(manager="somebody", operation="Update")
    owned = replace(_PAIR, metadata=replace(_PAIR.metadata, managed_fields=(entry,)))
    assert "somebody" not in (html_of(owned) or "somebody")


def test_an_object_can_be_printed_as_yaml() -> None:
    """By a name of the package, as `kubectl get -o yaml` would."""
    assert to_yaml(_PAIR).splitlines()[:3] == ["apiVersion: v1", "data:", "  k: a < b"]


def test_what_is_no_object_is_shown_as_ever() -> None:
    """Other structs keep their own representation."""
    assert html_of(_PAIR.metadata) is None
