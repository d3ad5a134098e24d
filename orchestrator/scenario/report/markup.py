"""HTML that cannot forget to escape: text becomes `Html` only by `element` or `escape`.

Scenarios, nodes and groups have names from users' files; a page made of two types, where plain `str`
is always text, needs no template language to be safe.
"""

import html
from collections.abc import Iterable
from typing import Final

_VOID: Final = frozenset({"meta", "link", "br"})


class Html(str):
    """Markup that may stand in a page as it is."""

    __slots__ = ()


EMPTY: Final = Html("")


def escape(text: str) -> Html:
    """Text as markup that shows it."""
    return text if isinstance(text, Html) else Html(html.escape(text))


def join(parts: Iterable[str], between: str = "") -> Html:
    """Markup and text, one after the other."""
    return Html(escape(between).join(escape(part) for part in parts))


def element(tag: str, *children: str, **attributes: str | None) -> Html:
    """An element. An attribute `class_` is `class`, `data_x` is `data-x`; None leaves it out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(children)}</{tag}>")
