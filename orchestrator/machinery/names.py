"""The rules for names, labels and keys, each answering Kubernetes' own complaints.

Every `*_errors` function answers a tuple of messages, empty when the value is valid; a message
is a phrase that goes after `metadata.name: Invalid value: "x": `. They are pure functions of
short texts and are cached, so an object that comes again costs a dictionary look-up.

Lengths are counted in bytes, as in the original.
"""

import hashlib
import random as randoms
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from orchestrator.machinery.memo import remembered

Messages: TypeAlias = tuple[str, ...]

LABEL_LENGTH: Final = 63
SUBDOMAIN_LENGTH: Final = 253
ANNOTATIONS_SIZE: Final = 256 * 1024  # bytes of all keys and values together

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_WILDCARD: Final = rf"\*\.{_SUBDOMAIN}"
_KEY: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE: Final = f"({_KEY})?"
_ENV_VAR: Final = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_CONFIG_KEY: Final = "[-._a-zA-Z0-9]+"
_C_IDENTIFIER: Final = "[A-Za-z_][A-Za-z0-9_]*"
_HEADER: Final = "[-A-Za-z0-9]+"

_SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character"
)
_LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character"
)
_LABEL_1035_RULE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character"
)
_WILDCARD_RULE: Final = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
    "alphanumeric character"
)
_KEY_RULE: Final = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character"
)
_VALUE_RULE: Final = f"a valid label must be an empty string or {_KEY_RULE[5:]}"
_ENV_VAR_RULE: Final = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', "
    "'-', or '.', and must not start with a digit"
)
_RELAXED_ENV_VAR_RULE: Final = (
    "a valid environment variable name must consist only of printable ASCII characters other "
    "than '='"
)
_CONFIG_KEY_RULE: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
)
_C_IDENTIFIER_RULE: Final = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of "
    "alphanumeric characters or '_'"
)
_HEADER_RULE: Final = "a valid HTTP header must consist of alphanumeric characters or '-'"

_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_label_1035 = re.compile(_LABEL_1035).fullmatch
_is_wildcard = re.compile(_WILDCARD).fullmatch
_is_key = re.compile(_KEY).fullmatch
_is_value = re.compile(_VALUE).fullmatch
_is_env_var = re.compile(_ENV_VAR).fullmatch
_is_config_key = re.compile(_CONFIG_KEY).fullmatch
_is_c_identifier = re.compile(_C_IDENTIFIER).fullmatch
_is_header = re.compile(_HEADER).fullmatch
_is_port_charset = re.compile("[-a-z0-9]+").fullmatch

Rule: TypeAlias = Callable[[str], Messages]

_cached: Final = remembered(1 << 14)  # labels and names repeat


def too_long(length: int) -> str:
    """The complaint about a text of more than `length` characters."""
    return f"must be no more than {length} characters"


def out_of_range(low: int, high: int) -> str:
    """The complaint about a number outside of an inclusive range."""
    return f"must be between {low} and {high}, inclusive"


def _pattern_error(rule: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{rule} (e.g. {shown}regex used for validation is '{pattern}')"


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


@_cached
def dns1123_label_errors(value: str) -> Messages:
    """A DNS label: pods' containers, namespaces, volumes."""
    errors = [too_long(LABEL_LENGTH)] if _size(value) > LABEL_LENGTH else []
    if _is_label(value) is None:
        if _is_subdomain(value):
            errors.append("must not contain dots")
        else:
            errors.append(_pattern_error(_LABEL_RULE, _LABEL, "my-name", "123-abc"))
    return tuple(errors)


@_cached
def dns1123_subdomain_errors(value: str) -> Messages:
    """A DNS subdomain: the names of most objects."""
    errors = [too_long(SUBDOMAIN_LENGTH)] if _size(value) > SUBDOMAIN_LENGTH else []
    if _is_subdomain(value) is None:
        errors.append(_pattern_error(_SUBDOMAIN_RULE, _SUBDOMAIN, "example.com"))
    return tuple(errors)


@_cached
def dns1035_label_errors(value: str) -> Messages:
    """A DNS label that starts with a letter: services."""
    errors = [too_long(LABEL_LENGTH)] if _size(value) > LABEL_LENGTH else []
    if _is_label_1035(value) is None:
        errors.append(_pattern_error(_LABEL_1035_RULE, _LABEL_1035, "my-name", "abc-123"))
    return tuple(errors)


@_cached
def wildcard_subdomain_errors(value: str) -> Messages:
    """A subdomain under one wildcard label (`*.example.com`): ingress hosts."""
    errors = [too_long(SUBDOMAIN_LENGTH)] if _size(value) > SUBDOMAIN_LENGTH else []
    if _is_wildcard(value) is None:
        errors.append(_pattern_error(_WILDCARD_RULE, _WILDCARD, "*.example.com"))
    return tuple(errors)


@_cached
def qualified_name_errors(value: str) -> Messages:
    """An optional DNS prefix and a name: label and annotation keys, taint keys, resources."""
    prefix, slash, name = value.rpartition("/")
    rule = _pattern_error(_KEY_RULE, _KEY, "MyName", "my.name", "123-abc")
    if "/" in prefix:
        return (
            f"a valid label key {rule} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')",
        )
    errors = []
    if slash and not prefix:
        errors.append("prefix part must be non-empty")
    elif slash:
        errors += [f"prefix part {message}" for message in long_name_errors(prefix)]
    if not name:
        errors.append("name part must be non-empty")
    elif _size(name) > LABEL_LENGTH:
        errors.append(f"name part {_too_many_bytes(LABEL_LENGTH)}")
    if _is_key(name) is None:
        errors.append(f"name part {rule}")
    return tuple(errors)


def _too_many_bytes(length: int) -> str:
    # Label keys and values are checked by a newer library that counts aloud in bytes.
    return f"must be no more than {length} bytes"


def long_name_errors(value: str) -> Messages:
    """A DNS subdomain by the newer library: of a label's prefix, and of the names of a few kinds."""
    return tuple(
        _too_many_bytes(SUBDOMAIN_LENGTH) if error == too_long(SUBDOMAIN_LENGTH) else error
        for error in dns1123_subdomain_errors(value)
    )


@_cached
def label_value_errors(value: str) -> Messages:
    """A label's value: empty, or up to 63 bytes of letters, digits, `-`, `_` and `.`."""
    errors = [_too_many_bytes(LABEL_LENGTH)] if _size(value) > LABEL_LENGTH else []
    if _is_value(value) is None:
        errors.append(_pattern_error(_VALUE_RULE, _VALUE, "MyValue", "my_value", "12345"))
    return tuple(errors)


@_cached
def port_name_errors(value: str) -> Messages:
    """An IANA service name: named ports of containers and services."""
    errors = [too_long(15)] if _size(value) > 15 else []
    if _is_port_charset(value) is None:
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not any("a" <= char <= "z" for char in value):
        errors.append("must contain at least one letter (a-z)")
    if "--" in value:
        errors.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return tuple(errors)


def port_number_errors(port: int) -> Messages:
    """A TCP, UDP or SCTP port, 1 to 65535."""
    return () if 1 <= port <= 65535 else (out_of_range(1, 65535),)


def _upward(value: str) -> Messages:
    if value in (".", ".."):
        return (f"must not be '{value}'",)
    return ("must not start with '..'",) if value.startswith("..") else ()


@_cached
def env_var_errors(value: str) -> Messages:
    """The strict rule for environment variable names."""
    errors: Messages = ()
    if _is_env_var(value) is None:
        examples = ("my.env-name", "MY_ENV.NAME", "MyEnvName1")
        errors = (_pattern_error(_ENV_VAR_RULE, _ENV_VAR, *examples),)
    return errors + _upward(value)


@_cached
def relaxed_env_var_errors(value: str) -> Messages:
    """The rule in force since 1.32 for environment variable names: printable, no `=`."""
    if not value:
        return ("environment variable name must be non-empty",)
    if all(" " <= char <= "~" and char != "=" for char in value):
        return ()
    return (_RELAXED_ENV_VAR_RULE,)


@_cached
def config_key_errors(value: str) -> Messages:
    """A key of a ConfigMap or Secret."""
    errors = [too_long(SUBDOMAIN_LENGTH)] if _size(value) > SUBDOMAIN_LENGTH else []
    if _is_config_key(value) is None:
        examples = ("key.name", "KEY_NAME", "key-name")
        errors.append(_pattern_error(_CONFIG_KEY_RULE, _CONFIG_KEY, *examples))
    return (*errors, *_upward(value))


@_cached
def c_identifier_errors(value: str) -> Messages:
    """A C identifier."""
    if _is_c_identifier(value):
        return ()
    examples = ("my_name", "MY_NAME", "MyName")
    return (_pattern_error(_C_IDENTIFIER_RULE, _C_IDENTIFIER, *examples),)


@_cached
def http_header_errors(value: str) -> Messages:
    """The name of an HTTP header in a probe."""
    return () if _is_header(value) else (_pattern_error(_HEADER_RULE, _HEADER, "X-Header-Name"),)


def path_segment_errors(name: str) -> Messages:
    """The least a name must be, since it becomes a part of a URL's path: roles, bindings, events.

    Events' names do not come again, and to look at one costs less than to remember it.
    """
    if name in (".", ".."):
        return (f"may not be '{name}'",)
    return path_segment_prefix_errors(name)


def path_segment_prefix_errors(name: str) -> Messages:
    """The same for a `generateName`."""
    if "/" not in name and "%" not in name:
        return ()
    return tuple(f"may not contain '{char}'" for char in "/%" if char in name)


def as_prefix(name: str) -> str:
    """A `generateName` as the name rules should see it: a trailing dash will not stay last."""
    return f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name


def label_errors(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Each (offending key or value, message) of a label map, in the map's order."""
    found: list[tuple[str, str]] = []
    for key, value in labels.items():
        found += [(key, message) for message in qualified_name_errors(key)]
        found += [(value, message) for message in label_value_errors(value)]
    return tuple(found)


def annotation_errors(annotations: Mapping[str, str]) -> tuple[tuple[str | None, str], ...]:
    """Each (offending key, message) of an annotation map; without a key it is about the whole map."""
    found: list[tuple[str | None, str]] = []
    for key in annotations:
        found += [(key, message) for message in qualified_name_errors(key.lower())]
    if annotations_size(annotations) > ANNOTATIONS_SIZE:
        found.append((None, f"may not be more than {ANNOTATIONS_SIZE} bytes"))
    return tuple(found)


def annotations_size(annotations: Mapping[str, str]) -> int:
    """Bytes of all keys and values."""
    return sum(_size(key) + _size(value) for key, value in annotations.items())


# No vowels and no look-alikes: names that nobody reads as words.
ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH: Final = 5
_PREFIX_LENGTH: Final = LABEL_LENGTH - _SUFFIX_LENGTH


def random_text(length: int, random: randoms.Random) -> str:
    """`length` characters of the safe alphabet."""
    return "".join(random.choices(ALPHABET, k=length))


def generate_name(prefix: str, random: randoms.Random) -> str:
    """The name for a `generateName`: at most 58 characters of the prefix and five random ones."""
    return prefix[:_PREFIX_LENGTH] + random_text(_SUFFIX_LENGTH, random)


def safe_encode(text: str) -> str:
    """The same text in the safe alphabet; digits stay distinct."""
    return "".join(ALPHABET[ord(char) % len(ALPHABET)] for char in text)


def content_hash(value: Any) -> str:
    """Ten safe characters that stand for a Struct or JSON value.

    Equal values give equal hashes in every process and version: the value's own JSON with sorted
    keys is hashed.
    """
    content = msgspec.json.encode(value, order="sorted")
    digest = hashlib.blake2b(content, digest_size=4).digest()
    return safe_encode(f"{int.from_bytes(digest, 'big'):010d}")
