"""Shipped scenarios with something altered at random: they load, or one line says what is wrong."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.scenario import ScenarioError
from orchestrator.scenario.loading.loader import load_text
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.loading.sweeps import plan_sweep

_ROOT = Path(__file__).parents[2]
_FILES = [
    _ROOT / "examples/first-scenario.yaml",
    _ROOT / "examples/sweep.yaml",
    _ROOT / "tests/scenario/every-trouble.yaml",
]
_DOCUMENTS = [(path, yaml.safe_load(path.read_text())) for path in _FILES]
_KEYS = st.sampled_from(["count", "wait", "labels", "seeds", "", 1, None, "repeat", "from"])
_VALUES = st.sampled_from(
    [
        *(None, "", -1, 0, 2**70, 1e308, float("nan"), True, [], {}, [None], {"a": [1]}, {1: 2}),
        *(
            "{{",
            "{{x}}",
            "{{nodes / 0}}",
            "uniform(2, 1)",
            "-5s",
            "1h1h",
            "1e999",
            "101%",
            "a=b",
            "*",
            "..",
        ),
    ]
)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Each container with each of its keys, however deep."""
    if isinstance(node, dict | list):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from _places(node[key])


@settings(max_examples=60)
@given(st.data())
def test_an_altered_scenario_loads_or_says_why_not(data: st.DataObject) -> None:
    """In one line; never with another exception."""
    path, original = data.draw(st.sampled_from(_DOCUMENTS))
    document = deepcopy(original)
    node, key = data.draw(st.sampled_from(list(_places(document))))
    if data.draw(st.booleans()):
        node[key] = data.draw(_VALUES)
    else:
        del node[key]
    if isinstance(node, dict) and data.draw(st.booleans()):
        node[data.draw(_KEYS)] = data.draw(_VALUES)
    source = Source(path, yaml.safe_dump(document))
    try:
        load_text(source, {})
        plan_sweep(source, {}, None)
    except ScenarioError as error:
        assert "\n" not in str(error)  # noqa: PT017
