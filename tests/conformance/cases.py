"""The recorded cases, and the list of those that are not followed."""

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "cases"
NOT_FOLLOWED: Final = Path(__file__).parent / "not_followed.txt"
_MARKS: Final = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_REASON_LENGTH: Final = 120


class Case(NamedTuple):
    """One dialogue. `name` is AREA/NN-name; `alone`: it changes what others see."""

    name: str
    steps: list[dict[str, Any]]
    alone: bool
    managed_fields: bool

    @property
    def asks_webhooks(self) -> bool:
        """Whether it registers webhooks that have to answer in time."""
        return "${webhook}" in json.dumps(self.steps)


class Difference(NamedTuple):
    """One place where an answer is not the recorded one; `step` counts from 0."""

    step: int
    request: str
    path: str
    wanted: Any
    got: Any

    def __str__(self) -> str:
        wanted, got = (json.dumps(each, ensure_ascii=False) for each in (self.wanted, self.got))
        return f"step {self.step + 1} {self.request}: at {self.path} wanted {wanted}, got {got}"


def areas() -> list[str]:
    """The names of all areas."""
    return sorted(path.name.removesuffix(".json.gz") for path in FOLDER.glob("*.json.gz"))


def load(area: str) -> list[Case]:
    """The cases of an area, those that wait long first."""
    documents = json.loads(gzip.decompress((FOLDER / f"{area}.json.gz").read_bytes()))
    cases = [
        Case(
            f"{area}/{name}",
            document["steps"],
            document.get("alone", False),
            document.get("managedFields", False),
        )
        for name, document in documents.items()
    ]
    return sorted(cases, key=lambda case: -sum("until" in step for step in case.steps))


def not_followed(path: Path = NOT_FOLLOWED) -> dict[str, str]:
    """Case -> reason. Marks of a merge conflict are passed over, so that `record` can settle it."""
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.partition(" ") for line in lines if line and not line.startswith(_MARKS)]
    return {name: reason for name, _, reason in named}


def write_not_followed(reasons: Mapping[str, str], path: Path = NOT_FOLLOWED) -> None:
    """One line a case, sorted."""
    path.write_text("".join(f"{n} {reason}\n" for n, reason in sorted(reasons.items())))


def reason_of(differences: Iterable[Difference]) -> str:
    """The first difference in a line."""
    first = next(iter(differences))
    text = f"{first.path or 'answer'}: {json.dumps(first.wanted)} but {json.dumps(first.got)}"
    return text if len(text) <= _REASON_LENGTH else f"{text[: _REASON_LENGTH - 3]}..."
