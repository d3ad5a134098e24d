"""What is no JSON is refused in Go's words."""

import pytest

from orchestrator.api.json_errors import json_error


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b'"a', "unexpected end of JSON input"),
        (b"nul", "invalid character ' ' in literal null (expecting 'l')"),
        (b'{"a":NaN}', "invalid character 'N' looking for beginning of value"),
        (b'["NaN",-Infinity]', "invalid character 'I' in numeric literal"),
        (b"[-]", "invalid character ']' in numeric literal"),
        (b'{"a":5.,"b":1}', "invalid character ',' after decimal point in numeric literal"),
        (b'{"a":1e}', "invalid character '}' in exponent of numeric literal"),
        (b"1E+", "invalid character ' ' in exponent of numeric literal"),
        (b"[1.5.2]", "invalid character '.' after array element"),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (b"\xc7", "invalid character 'Ç' looking for beginning of value"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":{"b":[]} "c"}', "invalid character '\"' after object key:value pair"),
        (b'[{"a":1} 2]', "invalid character '2' after array element"),
        (b"{,}", "invalid character ',' looking for beginning of object key string"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b'{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        (b'"a\nb"', r"invalid character '\n' in string literal"),
        (b'"\\x"', r"invalid character 'x' in string escape code"),
        (b"{}", ""),
    ],
)
def test_the_first_character_that_fits_nowhere_is_named(text: bytes, words: str) -> None:
    """And where it stands."""
    assert json_error(text) == words
