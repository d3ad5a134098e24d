"""How API objects look in a notebook: `%load_ext orchestrator`.

An object becomes its YAML, and a list of objects of one kind becomes a table of their names. Virtual
time in a cell is `orchestrator.simulating`; `await` in a cell uses the notebook's loop, in real time.
"""

from collections.abc import Callable
from html import escape
from typing import Any, Protocol

from msgspec import Struct

from orchestrator.api import codec


class _Formatter(Protocol):
    def for_type(self, kind: type[Any], function: Callable[[Any], str | None]) -> object: ...


class _DisplayFormatter(Protocol):
    formatters: dict[str, _Formatter]


class _Shell(Protocol):
    display_formatter: _DisplayFormatter


def load_ipython_extension(shell: _Shell) -> None:
    """Teach an IPython shell to show API objects."""
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(Struct, html_of)


def html_of(obj: Any) -> str | None:
    """An API object as HTML; None for what is none, which is then shown as ever."""
    kind = getattr(obj, "kind", "")
    metadata = getattr(obj, "metadata", None)
    if not kind or metadata is None:
        return None
    name = "/".join(filter(None, (metadata.namespace, metadata.name)))
    return (
        f"<details><summary><code>{escape(kind)} {escape(name)}</code></summary>"
        f"<pre>{escape(codec.to_yaml(obj))}</pre></details>"
    )
