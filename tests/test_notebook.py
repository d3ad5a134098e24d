"""How API objects look in a notebook."""

from typing import Any

from msgspec import Struct

from orchestrator import load_ipython_extension
from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.notebook import html_of

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


def test_what_is_no_object_is_shown_as_ever() -> None:
    """Other structs keep their own representation."""
    assert html_of(_PAIR.metadata) is None
