"""Conversions of literals that cannot be are refused when an expression is written."""

import pytest

from orchestrator.machinery.cel import CompileError, examine
from orchestrator.machinery.cel.checking import Scope

_SCOPE = Scope({})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("int('x')", "type conversion error from 'string' to 'int'"),
        ("int('9223372036854775808')", "type conversion error from 'string' to 'int'"),
        ("uint('-1')", "type conversion error from 'string' to 'uint'"),
        ("double('1e400')", "type conversion error from 'string' to 'double'"),
        ("bool('yes')", "type conversion error from 'string' to 'bool'"),
        ("uint(-1)", "unsigned integer overflow"),
        ("uint(int('-1'))", "unsigned integer overflow"),
        ("int(1e30)", "integer overflow"),
        ("int(18446744073709551615u)", "integer overflow"),
        ("string(b'\\xff')", "invalid UTF-8 in bytes, cannot convert to string"),
        ("[1].map(x, uint(-1))", "unsigned integer overflow"),
    ],
)
def test_what_no_value_comes_of(text: str, fault: str) -> None:
    """It is a fault of the original's, which finds out while it optimizes."""
    with pytest.raises(CompileError) as found:
        examine(text, _SCOPE)
    assert (str(found.value), found.value.is_internal) == (
        f"program instantiation failed: {fault}",
        True,
    )


@pytest.mark.parametrize(
    "text",
    ["int('12')", "uint(1)", "double('-Inf')", "bool('T')", "string(uint('1'))", "int(1.9)"],
)
def test_what_can_be(text: str) -> None:
    """It is worked out when it is asked for."""
    examine(text, _SCOPE)
