"""Label selectors: both forms, what they match, how they print, what they refuse."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from orchestrator.machinery import labels
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.names import qualified_name_errors

PRINTED = {
    "": "",
    "x=a,y=b,z=c": "x=a,y=b,z=c",
    "b=1,a=2": "a=2,b=1",
    "x!=a,y=b": "x!=a,y=b",
    "x==a": "x==a",
    "x=": "x=",
    "x= ,z= ": "x=,z=",
    "!x": "!x",
    "\rx": "x",
    "x>1,z<5": "x>1,z<5",
    "foo  in\t (abc)": "foo in (abc)",
    "x notin\n (abc)": "x notin (abc)",
    "x in (abc,)": "x in (,abc)",
    "x in (abc,abc)": "x in (abc)",
    "x in ()": "x in ()",
    "x in (a,,a,,a,,)": "x in (,a)",
    "x notin ( )": "x notin ()",
    "x notin (, a)": "x notin (,a)",
    "x notin (abc,,def),bar,z in (),w": "bar,w,x notin (,abc,def),z in ()",
    "a in (x,y,notin, z,in)": "a in (in,notin,x,y,z)",
    "notin=in": "notin=in",
    "in": "in",
    "this-is-a-dns.domain.com/key-with-dash": "this-is-a-dns.domain.com/key-with-dash",
    "0.1.2.domain/99 notin (10.10.100.1, tick.tack.clock)": (
        "0.1.2.domain/99 notin (10.10.100.1,tick.tack.clock)"
    ),
}

OPERATORS = "in, notin, =, ==, !=, gt, lt"
REFUSED = {
    "x==a==b": "found '==', expected: ',' or 'end of string'",
    "!x=a": "found '=', expected: ',' or 'end of string'",
    "x,,y": "found ',', expected: identifier after ','",
    ",x,y": "found ',', expected: !, identifier, or 'end of string'",
    "(": "found '(', expected: !, identifier, or 'end of string'",
    "=a": "found '=', expected: !, identifier, or 'end of string'",
    "x nott in (y)": f"unable to parse requirement: found 'nott', expected: {OPERATORS}",
    "a (": f"unable to parse requirement: found '(', expected: {OPERATORS}",
    "a in (xyz),": "found '', expected: identifier after ','",
    "a in (xyz)b notin ()": "found 'b', expected: ',' or 'end of string'",
    "a in (xyz abc)": "unable to parse requirement: found 'abc', expected: ',' or ')'",
    "a notin(": "unable to parse requirement: found '', expected: ',', ')' or identifier",
    "a in": "unable to parse requirement: found '' expected: '('",
    "x in (,": "unable to parse requirement: found '', expected: ',', or identifier",
    "!": "unable to parse requirement: found '', expected: identifier",
    "x=a b": "found 'b', expected: ',' or 'end of string'",
    "x<a": (
        'unable to parse requirement: values[0]: Invalid value: "a": '
        "for 'Gt', 'Lt' operators, the value must be an integer"
    ),
    "x^": (
        'unable to parse requirement: <nil>: Invalid value: "x^": '
        + "; ".join(qualified_name_errors("x^"))
    ),
    "x=" + "a" * 64: (
        f'unable to parse requirement: values[0][x]: Invalid value: "{"a" * 64}": '
        "must be no more than 63 bytes"
    ),
}

MATCHES = [
    ("", {"x": "y"}, True),
    ("x=y", {"x": "y"}, True),
    ("x=y,z=w", {"x": "y", "z": "w"}, True),
    ("x!=y,z!=w", {"x": "z", "z": "a"}, True),
    ("notin=in", {"notin": "in"}, True),
    ("x", {"x": "z"}, True),
    ("!x", {"y": "z"}, True),
    ("x>1", {"x": "2"}, True),
    ("x<1", {"x": "0"}, True),
    ("x<1", {"x": "-5"}, True),
    ("x=z", {}, False),
    ("x=y", {"x": "z"}, False),
    ("x=y,z=w", {"x": "w", "z": "w"}, False),
    ("x!=y,z!=w", {"x": "z", "z": "w"}, False),
    ("x!=y", {}, True),
    ("x notin (a,b)", {}, True),
    ("x notin (a,b)", {"x": "b"}, False),
    ("x in (a,b)", {"x": "b"}, True),
    ("x in (a,b)", {}, False),
    ("x in ()", {"x": ""}, True),
    ("x", {"y": "z"}, False),
    ("!x", {"x": "z"}, False),
    ("x>1", {"x": "0"}, False),
    ("x>1", {"x": "v2"}, False),
    ("x>1", {}, False),
    ("x>1", {"x": "9" * 30}, False),
]


class Expression(Struct, frozen=True):
    key: str
    operator: str
    values: tuple[str, ...] = ()


class StructForm(Struct, frozen=True):
    match_labels: Mapping[str, str] = {}
    match_expressions: tuple[Expression, ...] = ()


@pytest.mark.parametrize(("text", "printed"), PRINTED.items())
def test_parse_and_print(text: str, printed: str) -> None:
    """A selector prints in its normal form: sorted keys, sorted values."""
    assert str(labels.parse(text)) == printed
    assert labels.parse(printed) == labels.parse(text)


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_refused(text: str, message: str) -> None:
    """What is no selector is refused in Kubernetes' words."""
    with pytest.raises(SelectorError) as caught:
        labels.parse(text)
    assert caught.value.message == message


@pytest.mark.parametrize(("text", "given", "expected"), MATCHES)
def test_matches(text: str, given: dict[str, str], expected: bool) -> None:
    """A selector selects what its requirements say."""
    assert labels.parse(text).matches(given) is expected


def test_everything_and_nothing() -> None:
    """No struct selects nothing; an empty one everything."""
    assert labels.of_struct(None) is labels.NOTHING
    assert not labels.NOTHING.matches({"a": "b"})
    assert not labels.NOTHING.empty
    everything = labels.of_struct(StructForm())
    assert everything.empty
    assert everything.matches({})
    assert everything != labels.NOTHING


def test_struct_form() -> None:
    """A LabelSelector compiles to the same selector as its text, and once per struct."""
    form = StructForm(
        {"app": "web"},
        (
            Expression("tier", "In", ("front", "back")),
            Expression("old", "DoesNotExist"),
            Expression("zone", "NotIn", ("a",)),
            Expression("team", "Exists"),
        ),
    )
    selector = labels.of_struct(form)
    assert str(selector) == "app=web,!old,team,tier in (back,front),zone notin (a)"
    assert selector == labels.parse(str(selector))
    assert hash(selector) == hash(labels.parse(str(selector)))
    assert labels.of_struct(form) is selector
    assert labels.format_struct(form) == str(selector)


def test_struct_form_refused() -> None:
    """A struct that cannot be is refused, and prints as an error."""
    unknown = StructForm(match_expressions=(Expression("a", "Near"),))
    with pytest.raises(SelectorError, match='"Near" is not a valid label selector operator'):
        labels.of_struct(unknown)
    assert labels.format_struct(unknown) == "<error>"
    empty = StructForm(match_expressions=(Expression("a", "In"),))
    with pytest.raises(SelectorError) as caught:
        labels.of_struct(empty)
    assert caught.value.message == (
        "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"
    )
    twice = StructForm({"a b": "c d"})
    with pytest.raises(SelectorError) as caught:
        labels.of_struct(twice)
    assert caught.value.message.startswith('[key: Invalid value: "a b": name part must')
    assert ', values[0][a b]: Invalid value: "c d": a valid label' in caught.value.message


def test_exact_value_for_an_index() -> None:
    """A selector that fixes a label says to what."""
    assert labels.parse("a=b,c").exact("a") == "b"
    assert labels.parse("a in (b)").exact("a") == "b"
    assert labels.parse("a in (b,c)").exact("a") is None
    assert labels.parse("a!=b").exact("a") is None
    assert labels.of_pairs({"x": "1", "a": "2"}).exact("x") == "1"


def test_format_labels() -> None:
    """Label maps print sorted, and an empty one visibly."""
    assert labels.format_labels({"b": "2", "a": "1"}) == "a=1,b=2"
    assert labels.format_labels({}) == "<none>"


keys = st.sampled_from(["a", "b", "c", "example.com/d"])
values = st.sampled_from(["", "1", "2", "x-y"])
label_maps = st.dictionaries(keys, values, max_size=4)
expressions = st.one_of(
    st.builds(Expression, keys, st.sampled_from(["In", "NotIn"]), st.tuples(values, values)),
    st.builds(Expression, keys, st.sampled_from(["Exists", "DoesNotExist"])),
)
forms = st.builds(StructForm, label_maps, st.lists(expressions, max_size=3).map(tuple))


def holds(expression: Expression, given: Mapping[str, str]) -> bool:
    """What an expression means, said plainly."""
    match expression.operator:
        case "In":
            return given.get(expression.key) in expression.values
        case "NotIn":
            return given.get(expression.key) not in expression.values
        case "Exists":
            return expression.key in given
    return expression.key not in given


@given(forms, label_maps)
def test_both_forms_mean_the_same(form: StructForm, given: dict[str, str]) -> None:
    """A struct, its text, and its plain meaning agree on any labels."""
    selector = labels.of_struct(form)
    expected = all(given.get(key) == value for key, value in form.match_labels.items()) and all(
        holds(expression, given) for expression in form.match_expressions
    )
    assert selector.matches(given) is expected
    again = labels.parse(str(selector))
    assert again == selector
    assert again.matches(given) is expected


@given(st.text(alphabet="ab=!<>(), \tin/.1", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """A text is refused, or prints to a text that means the same."""
    try:
        selector = labels.parse(text)
    except SelectorError:
        return
    assert labels.parse(str(selector)) == selector
