"""What would have been right, for who says a word that is none."""

from typing import Literal

import msgspec
import pytest
from msgspec import Struct

from orchestrator.machinery.literals import with_words

Colour = Literal["", "red", "blue"]


class _Leaf(Struct, rename="camel"):
    the_colour: Colour = ""
    perhaps: Colour | None = None


class _Tree(Struct):
    leaves: tuple[_Leaf, ...] = ()
    named: dict[str, _Leaf] = {}
    all: list[Colour] = []
    count: int = 0


@pytest.mark.parametrize(
    "document",
    [
        {"leaves": [{}, {"theColour": "green"}]},
        {"leaves": [{"perhaps": "green"}]},
        {"named": {"a": {"theColour": "green"}}},
        {"all": ["red", "green"]},
    ],
)
def test_the_words_that_there_are_stand_behind_the_one_that_is_none(document: object) -> None:
    """Wherever it stands in the document."""
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(document, _Tree)
    problem, _, path = str(refused.value).partition(" - at `$.")
    told = with_words(problem, _Tree, path.rstrip("`"))
    assert told == "Invalid enum value 'green'; there is 'red' and 'blue'"


def test_other_faults_are_told_as_they_are() -> None:
    """No word is missing there."""
    assert with_words("Expected `int`, got `str`", _Tree, "count") == "Expected `int`, got `str`"
