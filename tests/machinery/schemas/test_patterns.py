"""Patterns, and why Go refuses some."""

import pytest

from orchestrator.machinery.patterns import compiled_pattern, pattern_fault


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("(", "missing closing ): `(`"),
        ("[a", "missing closing ]: `[a`"),
        ("^(?!x)", "invalid or unsupported Perl syntax: `(?!`"),
        ("(?<!a)", "invalid named capture: `(?<!a)`"),
        ("(?P<a", "invalid named capture: `(?P<a`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("\\y", "invalid escape sequence: `\\y`"),
        ("[z-a]", "invalid character class range: `z-a`"),
    ],
)
def test_what_go_does_not_take_is_refused_in_its_words(pattern: str, fault: str) -> None:
    """Recorded at the original."""
    assert pattern_fault(pattern) == f"error parsing regexp: {fault}"
    assert compiled_pattern(pattern) is None


def test_what_go_takes_has_no_fault() -> None:
    """And it is matched."""
    assert pattern_fault("^a+$") == ""
    assert compiled_pattern("^a+$").search("aa")
