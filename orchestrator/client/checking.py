"""What a program gives to a client or a controller, looked at where it is given.

In process nothing is encoded on the way to the API server, so what a class says of its fields is what
mypy makes of it, and no more. These checks say at the door what is wrong, in words of the caller's own
code; and they copy, so that nothing that the caller may still change reaches the store.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.core.v1 import PodSpec
from orchestrator.api.errors import DecodeError
from orchestrator.api.scheme import DEFAULT, Resource, Scheme
from orchestrator.api.unstructured import Unstructured
from orchestrator.machinery.claim_names import NO_NAMES, named, without_names
from orchestrator.machinery.managed_fields.ledger import Ledger
from orchestrator.machinery.specs import known_spec, remember_spec, words_of
from orchestrator.protocol import Cause, Invalid

_ENCODER: Final = msgspec.json.Encoder()
# An object that says its name, labels and annotations and nothing else, as one with a known spec mostly does: texts
# alone, which as a document could hold nothing beside their types.
_NAMED: Final = re.compile(
    rb'\{"metadata":\{(?:"(?:annotations|labels)":\{[^{}]+\},)*'
    rb'(?:"(?:generateName|name|namespace)":"[^"\\]*",?)+\}\}'
)
_AT: Final = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`")
# msgspec's words for containers are those of a document; the caller wrote Python.
_SELECTORS: Final = {
    "label_selector": ' such as "app=web,tier in (a, b)"',
    "field_selector": ' such as "spec.nodeName=node-0"',
}
_PYTHON: Final = {"`object`": "mapping", "`array`": "sequence", "`null`": "None"}


def resource_for(kind: Any, scheme: Scheme) -> Resource:
    """The resource of a kind's class, or the scheme's own of a Resource. Raises TypeError and UnknownKind."""
    if isinstance(kind, Resource):
        return kind if scheme is DEFAULT else scheme.own(kind)  # DEFAULT is shared by all
    if not isinstance(kind, type):
        raise TypeError(
            f"a kind's class or a Resource is expected, not {kind!r}{_hint(kind, scheme)}"
        )
    return scheme.by_type(kind)


def checked_object(obj: Any, scheme: Scheme) -> tuple[Resource, Any]:
    """The resource of an object, or of a decoded manifest, and a copy whose fields have their types.

    Lists where tuples belong are converted. Raises Invalid, which names the field; TypeError for what is
    no object; UnknownKind.
    """
    if isinstance(obj, Mapping):
        try:
            return codec.decode_any(obj, scheme)
        except DecodeError as error:
            raise _invalid(
                str(obj.get("kind", "object")), _name(obj.get("metadata")), error
            ) from None
    if isinstance(obj, Unstructured):
        resource = scheme.by_kind(obj.api_version, obj.kind)
    elif isinstance(obj, type) or not codec.is_kind(type(obj)):
        raise TypeError(f"an object of a kind or a decoded manifest is expected, not {_short(obj)}")
    else:
        resource = scheme.by_type(type(obj))
    try:
        given = _without_ledger(obj)
        if isinstance(given, Unstructured):
            return resource, msgspec.json.decode(_ENCODER.encode(given), type=Unstructured)
        return resource, _copied(given)
    except msgspec.ValidationError as error:
        raise _invalid(resource.kind, _name(obj.metadata), _in_python(error)) from None
    except DecodeError as error:
        raise _invalid(resource.kind, _name(obj.metadata), error) from None
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise _invalid(resource.kind, _name(obj.metadata), DecodeError("", str(error))) from None


def _copied(obj: Any) -> Any:
    """A copy of an object, read as a document of it would be; specs that say the same become one object."""
    kind = type(obj)
    spec, names = getattr(obj, "spec", None), NO_NAMES
    if type(spec) is PodSpec and type(spec.volumes) is tuple:
        spec, names = without_names(spec)
    words = words_of(spec, kind)
    known = known_spec(kind, words) if words else None
    if known is None:
        copy = _read(replace(obj, spec=spec) if names else obj)
        if words:
            remember_spec(kind, words, copy.spec)
    else:
        copy = replace(_read(replace(obj, spec=None)), spec=known)
    if not names:
        return copy
    _ENCODER.encode(names)  # what no document can hold is no name either
    return replace(copy, spec=named(copy.spec, *names))


def _read(obj: Any) -> Any:
    encoded = _ENCODER.encode(obj)
    copy = msgspec.json.decode(encoded, type=type(obj))  # its words are of types
    if _NAMED.fullmatch(encoded):
        return copy
    return codec.decode(encoded, type(obj))  # what a document may hold beside its types


def _without_ledger(obj: Any) -> Any:
    """An object that was read, without who owns which field: the server knows, and copying costs."""
    metadata = obj.metadata
    if type(getattr(metadata, "managed_fields", ())) is not Ledger:
        return obj
    return replace(obj, metadata=replace(metadata, managed_fields=()))


def _in_python(error: msgspec.ValidationError) -> DecodeError:
    """msgspec's text as a field and a message in Python's words."""
    text = str(error)
    match = _AT.search(text)
    path = match["path"].replace("[...]", "[*]") if match is not None else ""
    message = text[: match.start()] if match is not None else text
    for word, python in _PYTHON.items():
        message = message.replace(word, python)
    message = message.replace("`", "")
    return DecodeError(path, message[:1].lower() + message[1:])


def checked_body(body: Any, patch_type: str) -> Any:
    """A copy of a patch. Raises TypeError for what is none."""
    wanted, name = (
        (Sequence, "sequence of operations") if patch_type == "json" else (Mapping, "mapping")
    )
    if isinstance(body, str | bytes) or not isinstance(body, wanted):
        raise TypeError(f"the body of a {patch_type} patch is a {name}, not {_short(body)}")
    return codec.loads(msgspec.json.encode(body))


def checked_document(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a manifest that is JSON throughout. Raises Invalid for what is not."""
    try:
        return msgspec.json.decode(_ENCODER.encode(manifest), type=dict[str, Any])
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        kind, name = str(manifest.get("kind", "object")), _name(manifest.get("metadata"))
        raise _invalid(kind, name, DecodeError("", str(error))) from None


def checked_texts(**given: Any) -> None:
    """What else a request says in words, by the names of the arguments. Raises TypeError."""
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            hint = _SELECTORS.get(name, "")
            raise TypeError(f"{name} is a str{hint}, not {_short(value)}")


def checked_name(name: Any) -> str:
    """The name of an object. Raises TypeError and ValueError."""
    if not isinstance(name, str):
        raise TypeError(f"an object's name is a str, not {_short(name)}")
    if not name:
        raise ValueError("an object's name must not be empty")
    return name


def _invalid(kind: str, name: str, error: DecodeError) -> Invalid:
    field = error.path.removesuffix("[*]")
    about = f"{field}: {error.message}" if field else error.message
    return Invalid(
        f'{kind} "{name}" is invalid: {about}',
        kind=kind,
        name=name,
        causes=(Cause("FieldValueTypeInvalid", error.message, field),),
    )


def _name(metadata: Any) -> str:
    name = metadata.get("name") if isinstance(metadata, Mapping) else getattr(metadata, "name", "")
    return name if isinstance(name, str) else ""


def _hint(kind: Any, scheme: Scheme) -> str:
    """The class that somebody meant who gave a name or an object."""
    if not isinstance(kind, str):
        return f": give its class, {type(kind).__name__}" if codec.is_kind(type(kind)) else ""
    names: dict[str, Resource] = {}
    for resource in scheme.resources():
        for name in (resource.kind, resource.singular, resource.plural, *resource.short_names):
            names.setdefault(name.lower(), resource)
    close = get_close_matches(kind.lower(), names, 1)
    if not close or not names[close[0]].module:
        return ""
    meant = names[close[0]]
    module = meant.type.__module__
    if module.startswith("orchestrator.api.core.v1"):
        module = "orchestrator.api.core.v1"
    return f": give the class {meant.type.__name__} (from {module} import {meant.type.__name__})"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
