"""The generated modules are what the generator writes, from facts that are kept."""

import json
from pathlib import Path

import pytest

import orchestrator.api
from orchestrator.api.facts import DOCUMENT
from orchestrator.api.generate import fixups
from orchestrator.api.generate.__main__ import generate
from orchestrator.api.generate.condense import condense

ROOM = Path(orchestrator.api.__file__).parent


def test_generating_again_changes_nothing() -> None:
    """Whoever runs the script gets these very files, and no others are there."""
    for path, text in generate().items():
        assert (ROOM / path).read_text() == text, f"{path} is not what the generator writes"


def test_the_condensed_form_has_facts_and_no_descriptions() -> None:
    """Names, types, shapes, extensions."""
    definitions = json.loads(DOCUMENT.read_text())["definitions"]
    assert len(definitions) > 550
    for schema in definitions.values():
        assert not isinstance(schema.get("description"), str)
        for field in schema.get("properties", {}).values():
            assert not isinstance(field.get("description"), str)


def test_condensing_leaves_the_words_out() -> None:
    """And keeps the rest."""
    swagger = {
        "info": {"version": "v1"},
        "definitions": {
            "a.v1.B": {
                "description": "words",
                "type": "object",
                "required": ["c"],
                "properties": {"c": {"type": "string", "description": "words"}},
            }
        },
        "paths": {},
    }
    assert condense(swagger)["definitions"] == {
        "a.v1.B": {
            "type": "object",
            "required": ["c"],
            "properties": {"c": {"type": "string"}},
        }
    }


def test_a_correction_that_no_longer_applies_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name."""
    monkeypatch.setitem(fixups.SCALARS, "io.k8s.api.core.v1.Vanished", "Json")
    with pytest.raises(ValueError, match=r"io\.k8s\.api\.core\.v1\.Vanished"):
        generate()
