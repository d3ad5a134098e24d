"""The scenarios that come with the package, by name: `orchestrator run density`."""

from difflib import get_close_matches
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent / "shipped_scenarios"  # where a wheel has them
_PROJECT: Final = Path(__file__).parents[2] / "benchmarks"  # where a checkout has them
_SUFFIX: Final = ".yaml"


def shipped_scenarios() -> dict[str, Path]:
    """Every shipped scenario by its name."""
    folder = _PACKAGE if _PACKAGE.is_dir() else _PROJECT
    return {path.stem: path for path in sorted(folder.glob(f"*{_SUFFIX}"))}


def find_scenario(path: Path) -> Path:
    """The file that somebody means: a path, or the name of a shipped scenario if no such file is there."""
    if path.exists() or path.name != str(path):
        return path
    return shipped_scenarios().get(path.name, path)


def propose(path: Path) -> str:
    """What somebody may have meant by a path at which there is no file; empty if nothing is near."""
    known = shipped_scenarios()
    near = get_close_matches(path.stem, known, 1)
    if not near:
        return ""
    return f'; did you mean "{near[0]}"? The shipped ones are {", ".join(known)}'
