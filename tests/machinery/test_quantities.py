"""Quantities: the grammar, the canonical form, rounding, and arithmetic."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery import quantities
from orchestrator.machinery.errors import QuantityError

CANONICAL = {
    "0": "0",
    "0n": "0",
    "0Ki": "0",
    "00": "0",
    "0.5": "500m",
    "1000m": "1",
    "1024Mi": "1Gi",
    "1025024Mi": "1001Gi",
    "1024Gi": "1Ti",
    "307200Ki": "300Mi",
    "1.5Gi": "1536Mi",
    "0.1m": "100u",
    "1000u": "1m",
    "1000M": "1G",
    "0.001T": "1G",
    "1080000000n": "1080m",
    "1.08": "1080m",
    "5000m": "5",
    ".001e12": "1e9",
    "0.001e0": "1e-3",
    "1000e-12": "1e-9",
    "12e6": "12e6",
    "1Ki": "1Ki",
    "1025": "1025",
    ".001Ki": "1024m",
    ".000001Ki": "1024u",
    ".000000001Ki": "1024n",
    ".000000000001Ki": "2n",
    "-.001Ki": "-1024m",
    "-0.5Gi": "-512Mi",
    "9Ei": "9223372036854775807",
    "9223372036854775807Ki": "9223372036854775807",
    "12E": "12E",
    "3.001n": "4n",
    "0.0000000001": "1n",
    "0.00000012345": "124n",
    "1.1E-9": "2e-9",
    "1.": "1.",
    " 1 ": "1",
    "1.500": "1.500",
    "+5": "+5",
    "1E6": "1E6",
}

MALFORMED = {
    quantities.WRONG_FORMAT: ["", "1.1.M", "1+1.0M", "0.1am", "aoeu", "1_0", "١", "0x1"],
    quantities.WRONG_SUFFIX: ["0.1mi", ".5i", "1i", "-3.01i", "-3.01e-", "1e", "+-5", "1ki"],
    quantities.WRONG_NUMBER: ["1e999", "9" * 600],
}

VALUES = [
    # text, exact, milli, value
    ("9.01", Fraction(901, 100), 9010, 10),
    ("-9.01", Fraction(-901, 100), -9010, -10),
    ("1m", Fraction(1, 1000), 1, 1),
    ("1n", Fraction(1, 10**9), 1, 1),
    ("1100u", Fraction(11, 10000), 2, 1),
    ("100.035Ki", Fraction(10243584, 100), 102435840, 102436),
    ("3Ei", 3 * 2**60, 2**63 - 1, 3 * 2**60),
    (2, 2, 2000, 2),
    (0.1, Fraction(1, 10), 100, 1),
    (1e-7, Fraction(1, 10**7), 1, 1),
]


@pytest.mark.parametrize(("text", "canonical"), CANONICAL.items())
def test_canonical_form(text: str, canonical: str) -> None:
    """A text is answered as the API server answers it."""
    assert quantities.canonical(text) == canonical


@pytest.mark.parametrize(
    ("message", "text"), [(message, text) for message in MALFORMED for text in MALFORMED[message]]
)
def test_malformed(message: str, text: str) -> None:
    """What is no quantity is refused with Kubernetes' sentence and the value."""
    with pytest.raises(QuantityError) as caught:
        quantities.canonical(text)
    assert caught.value.message == message
    assert caught.value.value == text
    assert not quantities.is_quantity(text)


@pytest.mark.parametrize("value", [True, None, float("nan"), float("inf"), 10**400])
def test_values_that_are_no_quantities(value: object) -> None:
    """Booleans, nothing, and numbers without end are no amounts."""
    assert not quantities.is_quantity(value)


@pytest.mark.parametrize(("text", "exact", "milli", "value"), VALUES)
def test_values(text: quantities.Quantity, exact: int | Fraction, milli: int, value: int) -> None:
    """The exact amount is kept; milli and value round away from zero and saturate."""
    assert quantities.parse(text) == exact
    assert quantities.milli(text) == milli
    assert quantities.value(text) == value


def test_arithmetic_keeps_the_family() -> None:
    """A sum is written like its first operand, or the second when the first is zero."""
    assert quantities.add("1Gi", "512Mi") == "1536Mi"
    assert quantities.add("0", "1Gi") == "1Gi"
    assert quantities.add("1", "1Gi") == "1073741825"
    assert quantities.add("1Ki", "1") == "1025"
    assert quantities.subtract("0", "1Gi") == "-1Gi"
    assert quantities.subtract("1e3", "1") == "999"
    assert quantities.subtract("1", "1") == "0"


def test_maps() -> None:
    """Resource lists add, subtract and compare name by name."""
    left = {"cpu": "500m", "memory": "1Gi"}
    right = {"cpu": 1.0, "pods": 3}
    assert quantities.add_maps(left, right) == {"cpu": "1500m", "memory": "1Gi", "pods": "3"}
    assert quantities.subtract_maps(left, right) == {
        "cpu": "-500m",
        "memory": "1Gi",
        "pods": "-3",
    }
    assert quantities.max_maps(left, right) == {"cpu": "1", "memory": "1Gi", "pods": "3"}
    assert quantities.exceeded({"cpu": "2", "memory": "1"}, left) == ("cpu",)


def test_formats() -> None:
    """Plain numbers are written in the family that suits them."""
    assert quantities.format_milli(1500) == "1500m"
    assert quantities.format_milli(2000) == "2"
    assert quantities.format_bytes(3 * 2**30) == "3Gi"
    assert quantities.format_bytes(1000) == "1k"


numbers = st.from_regex(r"[+-]?(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?", fullmatch=True)
suffixes = st.sampled_from(
    ["", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "e3", "E-2", "e+1"]
)
texts = st.builds(str.__add__, numbers, suffixes)

POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def exact(text: str) -> Fraction:
    """The amount by another road: Python's own fractions."""
    digits = text.rstrip("numkMGTKieE")
    for marker in ("e", "E"):
        if marker in text and text[-1].isdigit():
            mantissa, power = text.split(marker)
            return Fraction(mantissa) * Fraction(10) ** int(power)
    suffix = text[len(digits) :]
    unit = BINARY[suffix] if suffix in BINARY else Fraction(10) ** POWERS[suffix]
    return Fraction(digits) * unit


def rounded(amount: Fraction) -> Fraction:
    """Up to a whole number of nano units, away from zero."""
    nano = amount * 10**9
    whole = -(-nano.numerator // nano.denominator) if nano > 0 else nano.__floor__()
    return Fraction(whole, 10**9)


@given(texts)
def test_parse_is_exact(text: str) -> None:
    """A quantity is what its number and suffix say, rounded up to nano units."""
    assert quantities.parse(text) == rounded(exact(text))


@given(texts)
def test_canonical_keeps_the_amount(text: str) -> None:
    """The canonical form is the same amount, and is its own canonical form."""
    canonical = quantities.canonical(text)
    assert quantities.parse(canonical) == quantities.parse(text)
    assert quantities.canonical(canonical) == canonical


@given(texts, texts)
def test_order_and_sum_agree_with_fractions(left: str, right: str) -> None:
    """Comparison and addition are those of the amounts."""
    a, b = Fraction(quantities.parse(left)), Fraction(quantities.parse(right))
    assert quantities.compare(left, right) == (a > b) - (a < b)
    assert quantities.parse(quantities.add(left, right)) == a + b
    assert quantities.parse(quantities.subtract(left, right)) == a - b


@given(st.text(alphabet="0123456789.+-eEinumkKMGTP ", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text does anything else."""
    if quantities.is_quantity(text):
        assert quantities.is_quantity(quantities.canonical(text))
