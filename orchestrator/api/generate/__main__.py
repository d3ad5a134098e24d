"""Write the generated modules: `python -m orchestrator.api.generate`."""

import json
from pathlib import Path

from orchestrator.api.facts import DOCUMENT
from orchestrator.api.generate import resources
from orchestrator.api.generate.fixups import check
from orchestrator.api.generate.types import Types

ROOM = Path(__file__).parent.parent


def generate() -> dict[str, str]:
    """Path below `orchestrator/api` -> source text, from the condensed document."""
    document = json.loads(DOCUMENT.read_text())
    keys = frozenset(resources.resource_key(row) for row in resources.resources(document))
    check(document, keys)
    types = Types(document)
    files = types.modules()
    files["resource_table.py"] = resources.module(document, types)
    files["merge_table.py"] = resources.merge_module(document)
    return files


def main() -> None:
    """Replace the generated files."""
    for path, text in generate().items():
        file = ROOM / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


if __name__ == "__main__":
    main()
