"""Objects inside of objects that say their kind: a StatefulSet's claim templates.

Kubernetes writes `kind` and `apiVersion` in them, whatever their author wrote. In the interpreter no object
carries them, so they are put into the text: in JSON no text has bare quotes, so the key stands there once.
"""

from collections.abc import Callable
from typing import Any, Final

_CLAIM_TEMPLATES: Final = b'"volumeClaimTemplates":'
_EMPTY: Final = b"{}"


def nests_kinds(type_: type[Any]) -> bool:
    """Whether objects of a type have others in them that say their kind."""
    return getattr(type_, "kind", "") == "StatefulSet"


def with_nested_kinds(text: bytes, obj: Any, encode: Callable[[Any], bytes]) -> bytes:
    """The JSON text that `encode` made of such an object, with the kinds of those in it."""
    if _CLAIM_TEMPLATES not in text:
        return text
    templates = obj.spec.volume_claim_templates
    told = b",".join(_told(encode(each), each) for each in templates)
    return text.replace(
        _CLAIM_TEMPLATES + encode(templates), _CLAIM_TEMPLATES + b"[" + told + b"]", 1
    )


def _told(text: bytes, template: Any) -> bytes:
    head = f'{{"kind":"{template.kind}","apiVersion":"{template.api_version}"'.encode()
    return head + (text[1:] if text == _EMPTY else b"," + text[1:])
