"""Values that a workload draws for each of its objects: sizes, life times, kinds."""

import random
import re
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any, Final, TypeAlias

from orchestrator.kubelet.runtimes.profile import ProfileError, parse_distribution

Draw: TypeAlias = Callable[[random.Random], Any]

_CHOICE: Final = re.compile(r"choice\((.*)\)", re.DOTALL)


class DrawError(ValueError):
    """A value's text is neither a number, nor a distribution, nor a choice."""


def parse_value(text: str | float) -> Draw:
    """How to draw a value. Raises DrawError."""
    match = _CHOICE.fullmatch(str(text).strip())
    if match is not None:
        return _choice(match[1])
    try:
        return parse_distribution(str(text)).draw
    except ProfileError as error:
        raise DrawError(f"{str(error).replace('expected', 'expected choice(a, b: 2),')}") from None


def _choice(inside: str) -> Draw:
    options, weights = [], []
    for part in inside.split(","):
        option, colon, weight = part.strip().rpartition(":")
        try:
            weights.append(float(weight) if colon else 1.0)
        except ValueError:
            raise DrawError(f'expected a weight after the colon of "{part.strip()}"') from None
        options.append(_typed(option.strip() if colon else weight.strip()))
    if not all(0 <= w < 1e12 for w in weights) or not sum(weights):
        raise DrawError(f'expected weights of at least 0 that are not all 0, got "{inside}"')
    bounds = list(accumulate(weights))
    return lambda dice: dice.choices(options, cum_weights=bounds)[0]


def _typed(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def drawn(values: Mapping[str, Draw], dice: random.Random) -> dict[str, Any]:
    """One set of values, in the file's order."""
    return {name: draw(dice) for name, draw in values.items()}
