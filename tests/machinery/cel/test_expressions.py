"""Expressions in CEL with Kubernetes' functions: what they give, and what is said when they give nothing."""

from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.cel import (
    COST_EXCEEDED,
    CompileError,
    EvaluationError,
    compile_expression,
    escaped,
    scope_of,
)

SELF: Final = scope_of(frozenset({"self"}))


def _value(text: str, value: Any = None) -> Any:
    return compile_expression(text, SELF).value({"self": value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quantity('2Gi').isGreaterThan(quantity('1Gi'))", True),
        ("quantity('1').add(quantity('500m')).compareTo(quantity('1.5'))", 0),
        ("quantity('50k').add(20).asInteger()", 50_020),
        ("isQuantity('x')", False),
        ("[1, 2, 2].isSorted() && [1, 3].sum() == 4", True),
        ("[3, 1].min() + [3, 1].max()", 4),
        ("['a', 'b', 'b'].lastIndexOf('b')", 2),
        ("'abc'.indexOf('c')", 2),
        ("'a12b3'.findAll('[0-9]+')", ["12", "3"]),
        ("'a12'.find('[0-9]+')", "12"),
        ("url('https://u:p@h.example:80/a%20b?x=1&x=2').getHost()", "h.example:80"),
        ("url('https://h:80/a%20b?x=1&x=2').getQuery()", {"x": ["1", "2"]}),
        ("isURL('https://a') && !isURL('a')", True),
        ("ip('fd00::1').family()", 6),
        ("ip.isCanonical('FD00::1')", False),
        ("isIP('127.0.0.1.0')", False),
        ("cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))", True),
        ("cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')", True),
        ("string(cidr('10.0.0.0/8').ip())", "10.0.0.0"),
        ("semver('1.2.3-rc.1').isLessThan(semver('1.2.3'))", True),
        ("semver('1.2.3').minor()", 2),
        ("semver('v01.2', true) == semver('1.2.0')", True),
        ("isSemver('v1', true) && !isSemver('v1', false) && !isSemver('1-a', true)", True),
        ("[1, 2].first().value() + [1, 2].last().orValue(0)", 3),
        ("[1, 2].map(x, x + 1).last().value()", 3),
        ("[].first().hasValue()", False),
        ("format.dns1123Label().validate('my-name').hasValue()", False),
        ("format.dns1123Label().validate('my_name').hasValue()", True),
        ("format.dns1123Label().validate('my-name') == null", False),
        ("quantity('1') != null", True),
        ("sets.equivalent([1, 2], [2, 1, 1])", True),
        ("lists.range(3).slice(1, 3)", [1, 2]),
        ("self.?absent.orValue('none')", "none"),
    ],
)
def test_kubernetes_functions_give_what_it_gives(text: str, expected: Any) -> None:
    """The functions of Kubernetes' libraries, as their documentation has them."""
    assert _value(text, {}) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("self.", "ERROR: <input>:1:6: Syntax error: no viable alternative at input '.'\n | self.\n | .....^"),
        ("nothing", "undeclared reference to 'nothing' (in container '')"),
        ("1 + 'a'", "found no matching overload for '_+_' applied to '(int, string)'"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_reported_with_its_place(text: str, message: str) -> None:
    """The compiler's report names line, column and fault."""
    with pytest.raises(CompileError) as refused:
        compile_expression(text, SELF)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("self.absent > 0", "no such key: absent"),
        ("self.a + 'x'", "no such overload"),
        ("[].max()", "max called on empty list"),
        ("ip('x').family()", 'IP Address "x" parse error'),
        ("dyn(quantity('1')).major() == 1", "no such overload"),
        ("lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))", COST_EXCEEDED),
        ("lists.range(1000000000).size()", "operation cancelled: actual cost limit exceeded"),
    ],
)
def test_what_has_no_value_says_why(text: str, message: str) -> None:
    """The texts are Kubernetes'."""
    with pytest.raises(EvaluationError) as failed:
        _value(text, {"a": 1})
    assert message in str(failed.value)


def test_names_that_cel_cannot_say_are_escaped() -> None:
    """Words of the language, dots, dashes and slashes have their escapes; others none."""
    assert escaped("namespace") == "__namespace__"
    assert escaped("a-b.c/d") == "a__dash__b__dot__c__slash__d"
    assert escaped("a__b") == "a__underscores__b"
    assert escaped("plain") == "plain"
    assert escaped("1a") is None


@given(st.text(max_size=30))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    """No text does anything else than compile or raise CompileError."""
    with suppress(CompileError):
        assert compile_expression(text, SELF).text == text


@pytest.mark.parametrize(
    ("text", "gives"),
    [
        ("has(object.data)", False),
        ("!has(object.data) || object.data.x == 1", True),
        ("has(oldObject.type.x)", False),
        ("has(oldObject.type)", True),
        ("object.?data.?x.orValue('none')", "none"),
        ("oldObject.?type.orValue('none')", "t"),
        ("has(oldObject.data.x) && 'has(a.b)' != ''", True),
    ],
)
def test_what_is_no_map_has_no_fields(text: str, gives: object) -> None:
    """Null, which `object` is when something is deleted, and a text may be asked for any field."""
    expression = compile_expression(text, scope_of(frozenset({"object", "oldObject"})))
    assert expression.value({"object": None, "oldObject": {"type": "t", "data": {"x": 1}}}) == gives


def test_who_asks_for_a_field_behind_an_absent_one_hears_so() -> None:
    """Only the last step of a chain may be absent."""
    expression = compile_expression("has(object.a.b)", scope_of(frozenset({"object"})))
    with pytest.raises(EvaluationError, match="no such key: a"):
        expression.value({"object": None})
