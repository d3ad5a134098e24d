"""The code blocks of a page, and what the page says about how they are tried.

A comment right above a block says what is special about it; readers do not see it:

    <!-- not run: why -->     the block cannot be tried here
    <!-- file: app.yaml -->   it is the content of a file, which later blocks of the page use
    <!-- run -->              a block of shell commands that is run, not only looked at
    <!-- real time -->        a block of Python that awaits, in a loop in real time
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = tuple(
    sorted(
        [
            ROOT / "README.md",
            ROOT / "CONTRIBUTING.md",
            ROOT / "benchmarks/README.md",
            *(ROOT / "docs").rglob("*.md"),
        ]
    )
)
_FENCE: Final = re.compile(r"^( *)(`{3,})([\w+-]*)(.*)$")
_MARK: Final = re.compile(r"^ *<!-- (not run|file|run|real time)(?:: (.+))? -->$")


class Block(Struct, frozen=True):
    """A fenced block: where its text begins, in which language, and its mark."""

    page: Path
    line: int
    language: str
    text: str
    mark: str
    argument: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


class MarkedWrongly(ValueError):
    """A mark that stands above no block, or a fence without its end."""


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order. Raises MarkedWrongly."""
    lines = page.read_text().splitlines()
    position, mark = 0, ("", "")
    while position < len(lines):
        line = lines[position]
        position += 1
        marked, fence = _MARK.match(line), _FENCE.match(line)
        if marked:
            mark = (marked[1], marked[2] or "")
        elif fence:
            end = _end(page, lines, position, fence[1] + fence[2])
            text = "\n".join(each[len(fence[1]) :] for each in lines[position:end]) + "\n"
            yield Block(page, position + 1, fence[3], text, *mark)
            position, mark = end + 1, ("", "")
        elif mark[0]:
            raise MarkedWrongly(f"{page}:{position}: a mark stands right above its block")


def _end(page: Path, lines: list[str], start: int, fence: str) -> int:
    try:
        return lines.index(fence, start)
    except ValueError:
        raise MarkedWrongly(f"{page}:{start}: this block has no end") from None
