"""Names: what is allowed, the words for what is not, generated names and template hashes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery import names

LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    r"for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
SERVICE_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
    "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
KEY_TEXT = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_TEXT = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
    "'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
CONFIG_KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)

CASES: list[tuple[names.Rule, str, names.Messages]] = [
    (names.dns1123_label_errors, "a", ()),
    (names.dns1123_label_errors, "0-a", ()),
    (names.dns1123_label_errors, "a" * 63, ()),
    (names.dns1123_label_errors, "a" * 64, ("must be no more than 63 characters",)),
    (names.dns1123_label_errors, "a.b", ("must not contain dots",)),
    (names.dns1123_label_errors, "-a", (LABEL_TEXT,)),
    (names.dns1123_label_errors, "a\n", (LABEL_TEXT,)),
    (names.dns1123_label_errors, "", (LABEL_TEXT,)),
    (names.dns1123_subdomain_errors, "a.b-c.0", ()),
    (names.dns1123_subdomain_errors, "A", (SUBDOMAIN_TEXT,)),
    (names.dns1123_subdomain_errors, "a..b", (SUBDOMAIN_TEXT,)),
    (names.dns1123_subdomain_errors, "a" * 254, ("must be no more than 253 characters",)),
    (names.dns1035_label_errors, "a-1", ()),
    (names.dns1035_label_errors, "1a", (SERVICE_TEXT,)),
    (names.qualified_name_errors, "app", ()),
    (names.qualified_name_errors, "example.com/App_1.x", ()),
    (names.qualified_name_errors, "a b", (f"name part {KEY_TEXT}",)),
    (names.qualified_name_errors, "/a", ("prefix part must be non-empty",)),
    (
        names.qualified_name_errors,
        "a/",
        ("name part must be non-empty", f"name part {KEY_TEXT}"),
    ),
    (names.qualified_name_errors, "A/b", (f"prefix part {SUBDOMAIN_TEXT}",)),
    (names.qualified_name_errors, "a" * 64, ("name part must be no more than 63 bytes",)),
    (
        names.qualified_name_errors,
        "a/b/c",
        (
            f"a valid label key {KEY_TEXT} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')",
        ),
    ),
    (names.label_value_errors, "", ()),
    (names.label_value_errors, "a_B.1", ()),
    (names.label_value_errors, "a/b", (VALUE_TEXT,)),
    (names.label_value_errors, "é" * 32, ("must be no more than 63 bytes", VALUE_TEXT)),
    (names.port_name_errors, "http-2", ()),
    (names.port_name_errors, "80", ("must contain at least one letter (a-z)",)),
    (names.port_name_errors, "a--b", ("must not contain consecutive hyphens",)),
    (names.port_name_errors, "-a", ("must not begin or end with a hyphen",)),
    (names.port_name_errors, "a" * 16, ("must be no more than 15 characters",)),
    (
        names.port_name_errors,
        "A",
        (
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "must contain at least one letter (a-z)",
        ),
    ),
    (names.env_var_errors, "MY_VAR.x", ()),
    (names.env_var_errors, "..", ("must not be '..'",)),
    (names.relaxed_env_var_errors, "1 a!", ()),
    (names.relaxed_env_var_errors, "", ("environment variable name must be non-empty",)),
    (names.config_key_errors, "a.b", ()),
    (names.config_key_errors, "a b", (CONFIG_KEY_TEXT,)),
    (names.config_key_errors, ".", ("must not be '.'",)),
    (names.config_key_errors, "..a", ("must not start with '..'",)),
    (names.path_segment_errors, "system:node", ()),
    (names.path_segment_errors, "..", ("may not be '..'",)),
    (names.path_segment_errors, "a/b%", ("may not contain '/'", "may not contain '%'")),
    (names.path_segment_prefix_errors, "..", ()),
    (names.wildcard_subdomain_errors, "*.a.b", ()),
    (names.c_identifier_errors, "_a1", ()),
    (names.http_header_errors, "X-A", ()),
]


@pytest.mark.parametrize(("rule", "value", "messages"), CASES)
def test_rules(rule: names.Rule, value: str, messages: names.Messages) -> None:
    """A value is valid, or answered with Kubernetes' sentences in order."""
    assert rule(value) == messages


@pytest.mark.parametrize(
    "rule",
    [
        names.wildcard_subdomain_errors,
        names.c_identifier_errors,
        names.http_header_errors,
        names.env_var_errors,
        names.relaxed_env_var_errors,
    ],
)
def test_other_rules_refuse(rule: names.Rule) -> None:
    """The remaining rules refuse a control character."""
    assert len(rule("\x01")) == 1


def test_port_numbers() -> None:
    """Ports are 1 to 65535."""
    assert names.port_number_errors(80) == ()
    assert names.port_number_errors(0) == ("must be between 1 and 65535, inclusive",)
    assert names.port_number_errors(65536) == ("must be between 1 and 65535, inclusive",)


def test_maps() -> None:
    """Label and annotation maps name the part that is wrong."""
    assert names.label_errors({"a": "b"}) == ()
    assert names.label_errors({"a b": "c d"}) == (
        ("a b", f"name part {KEY_TEXT}"),
        ("c d", VALUE_TEXT),
    )
    assert names.annotation_errors({"UPPER.com/x": "any thing"}) == ()
    assert names.annotation_errors({"a": "x" * 262144}) == (
        (None, "may not be more than 262144 bytes"),
    )
    assert names.annotations_size({"é": "a"}) == 3


def test_long_values_are_not_remembered() -> None:
    """Hostile megabytes are judged, not cached."""
    assert len(names.label_value_errors("é" * 10**6)) == 2


def test_as_prefix() -> None:
    """A trailing dash of a generateName is judged as if it were inside."""
    assert names.dns1123_subdomain_errors(names.as_prefix("web-")) == ()
    assert names.as_prefix("-") == "-"


@given(st.text(alphabet="abc-.", max_size=80), st.integers())
def test_generated_names(prefix: str, seed: int) -> None:
    """A generated name has at most 63 characters, starts like its prefix, and follows the seed."""
    name = names.generate_name(prefix, random.Random(seed))
    assert name == names.generate_name(prefix, random.Random(seed))
    assert name[:-5] == prefix[:58]
    assert set(name[-5:]) <= set(names.ALPHABET)


def test_content_hash() -> None:
    """The hash follows the value, not the order of its maps, and never changes."""
    template = {"a": {"x": "1", "y": "2"}, "b": [1]}
    same = {"b": [1], "a": {"y": "2", "x": "1"}}
    assert names.content_hash(template) == names.content_hash(same) == "7746b767d4"
    assert len(names.safe_encode("0123456789")) == len(set(names.safe_encode("0123456789")))
