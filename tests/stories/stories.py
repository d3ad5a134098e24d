"""The recorded stories."""

import gzip
import json
from pathlib import Path
from typing import Any, Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "cases"
NOT_FOLLOWED: Final = Path(__file__).parent / "not_followed.txt"


class Story(NamedTuple):
    """Steps, and what there was after each of them. `name` is KIND-number."""

    name: str
    steps: list[dict[str, Any]]
    real: list[dict[str, Any]]


def kinds() -> list[str]:
    """What the stories are about."""
    return sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz"))


def load(kind: str) -> list[Story]:
    """The stories of a kind."""
    documents = json.loads(gzip.decompress((FOLDER / f"{kind}.json.gz").read_bytes()))
    return [Story(name, each["steps"], each["real"]) for name, each in documents.items()]
