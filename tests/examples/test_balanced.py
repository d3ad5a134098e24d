"""The example of servers behind a Service."""

import asyncio
from pathlib import Path

from examples import balanced

_ROOT = Path(__file__).parents[2]


def test_a_roll_fails_no_request() -> None:
    """Both versions answer from several pods, and every connection does: a refused one would raise."""
    answers = asyncio.run(balanced.main())
    versions = {"one", "two"}
    assert versions < set(answers)
    assert answers["two"] == 100
    assert len([name for name in answers if name not in versions]) > 3


def test_the_readme_shows_the_very_program() -> None:
    """Whoever copies it from there has the file that is tested."""
    assert Path(balanced.__file__).read_text() in (_ROOT / "README.md").read_text()
