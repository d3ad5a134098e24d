"""Expressions are judged by their types before anybody evaluates them, in the original's words."""

import pytest

from orchestrator.machinery.cel import CompileError, examine
from orchestrator.machinery.cel.checking import PATCH_STRUCTS, Scope
from orchestrator.machinery.cel.declarations import AUTHORIZER
from orchestrator.machinery.cel.types import DYN, INT, STRING, list_of, shown, struct_of

_SCOPE = Scope(
    {
        "object": DYN,
        "user": struct_of("User"),
        "items": list_of(struct_of("User")),
        "authorizer": AUTHORIZER,
    },
    {"User": {"name": STRING, "age": INT, "tags": list_of(STRING)}, **PATCH_STRUCTS},
    patches=True,
)


def _faults(text: str) -> list[str]:
    """What is wrong with an expression: `column: words`."""
    with pytest.raises(CompileError) as found:
        examine(text, _SCOPE)
    lines = [line for line in str(found.value).splitlines() if line.startswith("ERROR")]
    return [line.removeprefix("ERROR: <input>:1:") for line in lines]


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("object.a.b", "dyn"),
        ("object.a + object.b", "dyn"),
        ("object.a == 1 && has(object.b)", "bool"),
        ("user.name + 'x'", "string"),
        ("items.filter(u, u.age > 3)", "list(User)"),
        ("items.map(u, u.tags)", "list(list(string))"),
        ("{'a': 1}['a']", "int"),
        ("[1, 2].map(x, x * 2).sum()", "int"),
        ("object.?a.orValue(1)", "dyn"),
        ("optional.of('a').value().size()", "int"),
        ("quantity('1').add(quantity('2'))", "kubernetes.Quantity"),
        ("authorizer.group('').resource('pods').check('get').allowed()", "bool"),
        ("timestamp('2024-01-01T00:00:00Z').getFullYear()", "int"),
        ("[]", "list(dyn)"),
        ("null", "null_type"),
        ("Object{metadata: Object.metadata{name: user.name}}", "Object"),
        ("[JSONPatch{op: 'add', path: '/a', value: 1}]", "list(JSONPatch)"),
        ("jsonpatch.escapeKey('a/b')", "string"),
        ("user.age > 1 ? user.tags : []", "list(string)"),
        ("type(1) == int", "bool"),
        ("'x' in user.tags && 'a' in {'a': 1}", "bool"),
    ],
)
def test_the_type_of_what_an_expression_gives(text: str, type_: str) -> None:
    """As far as it is known."""
    assert shown(examine(text, _SCOPE), by_protobuf=True) == type_


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("nobody.x", ["1: undeclared reference to 'nobody' (in container '')"]),
        ("user.nothing", ["5: undefined field 'nothing'"]),
        ("user.name.x", ["10: type 'string' does not support field selection"]),
        (
            "user.age == 'a'",
            ["10: found no matching overload for '_==_' applied to '(int, string)'"],
        ),
        (
            "object.a.startsWith(1)",
            ["20: found no matching overload for 'startsWith' applied to 'dyn.(int)'"],
        ),
        ("true && 1", ["9: expected type 'bool' but found 'int'"]),
        ("[1, 'a']", ["5: expected type 'int' but found 'string'"]),
        (
            "1.all(x, true)",
            [
                "1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"
            ],
        ),
        (
            "math.greatest(1, 2)",
            [
                "1: undeclared reference to 'math' (in container '')",
                "14: undeclared reference to 'greatest' (in container '')",
            ],
        ),
        (
            "JSONPatch{op: 1}",
            ["13: expected type of field 'op' is 'string' but provided type is 'int'"],
        ),
        ("has(object)", ["5: invalid argument to has() macro"]),
        ("'x'.matches('[')", ["13: invalid matches argument"]),
        ("duration('x') == duration('1h')", ["10: invalid duration argument"]),
        (
            "'%d'.format(['a'])",
            [
                "14: error during formatting: decimal clause can only be used on integers, was given string"
            ],
        ),
        (
            "authorizer.foo",
            ["11: unexpected failed resolution of 'kubernetes.authorization.Authorizer'"],
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(text: str, faults: list[str]) -> None:
    """By the columns and the words of the original's compiler."""
    assert _faults(text) == faults


def test_a_conversion_that_cannot_be_is_a_fault_of_the_original() -> None:
    """It finds out while it optimizes."""
    with pytest.raises(CompileError, match="type conversion error from 'string' to 'int'") as found:
        examine("int('a') == 1", _SCOPE)
    assert found.value.is_internal


def test_a_report_marks_the_place_in_its_line() -> None:
    """With as many dots as there are characters before it, wide ones for wide ones."""
    with pytest.raises(CompileError) as found:
        examine("object.a &&\n 'é' == 1", _SCOPE)
    assert str(found.value).splitlines()[1:] == [" |  'é' == 1", " | ..．..^"]
