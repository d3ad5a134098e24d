"""How API objects look in a notebook: `%load_ext orchestrator`.

An object becomes its YAML, without who owns which field, as kubectl leaves it out; what a list answers becomes
their names, each to be opened. Virtual time in a cell is `orchestrator.simulating`, or `actors.run` for a whole
program; `await` in a cell uses the notebook's loop, in real time.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api import codec

_MOST: Final = 100  # objects of a list that are shown


class _Formatter(Protocol):
    def for_type(self, kind: type[Any], function: Callable[[Any], str | None]) -> object: ...


class _DisplayFormatter(Protocol):
    formatters: dict[str, _Formatter]


class _Shell(Protocol):
    display_formatter: _DisplayFormatter


def load_ipython_extension(shell: _Shell) -> None:
    """Teach an IPython shell to show API objects."""
    formatters = shell.display_formatter.formatters
    html = formatters["text/html"]
    html.for_type(Struct, html_of)
    html.for_type(tuple, html_of_all)
    html.for_type(list, html_of_all)


def html_of_all(objects: Sequence[Any]) -> str | None:
    """API objects one below the other; None for anything else, and for nothing."""
    shown = [html_of(obj) if isinstance(obj, Struct) else None for obj in objects[:_MOST]]
    found = [each for each in shown if each is not None]
    if not found or len(found) < len(shown):
        return None
    more = len(objects) - len(found)
    return "".join(found) + (f"<p>and {more:,} more</p>" if more else "")


def html_of(obj: Any) -> str | None:
    """An API object as HTML; None for what is none, which is then shown as ever."""
    kind = getattr(obj, "kind", "")
    metadata = getattr(obj, "metadata", None)
    if not kind or metadata is None:
        return None
    shown = replace(obj, metadata=replace(metadata, managed_fields=()))
    name = "/".join(filter(None, (metadata.namespace, metadata.name)))
    return (
        f"<details><summary><code>{escape(kind)} {escape(name)}</code></summary>"
        f"<pre>{escape(codec.to_yaml(shown))}</pre></details>"
    )
