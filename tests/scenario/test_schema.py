"""The JSON Schema of scenario files is that of the types."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestrator.scenario.language.schema import scenario_schema

FILE = Path("docs/scenario.schema.json")


def test_the_file_for_editors_is_what_the_command_prints() -> None:
    """`orchestrator schema > docs/scenario.schema.json` makes it again."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", "schema"], capture_output=True, check=True
    )
    assert done.stdout == FILE.read_bytes()


def test_a_number_may_be_an_expression() -> None:
    group: Any = scenario_schema()["$defs"]["NodeGroup"]["properties"]["count"]
    kinds = [part.get("type") or [p.get("type") for p in part["anyOf"]] for part in group["anyOf"]]
    assert kinds == [["integer", "string"], "null"]
