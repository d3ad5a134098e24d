"""The pages are true: every code block of the documentation is tried."""

import re
from pathlib import Path
from typing import Final

import pytest

from orchestrator.api.scheme import Scheme
from tests.docs import commands, reference
from tests.docs.blocks import PAGES, ROOT, MarkedWrongly, blocks_of
from tests.docs.pages import PageTrial

# How many blocks are not tried; each says why. A larger number is a decision.
NOT_RUN: Final = 0
_LINK: Final = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_a_page_works(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who copies the blocks of a page, from its top, gets what the page says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    trial = PageTrial(page, tmp_path)
    for block in blocks_of(page):
        try:
            trial.run(block)
        except Exception as error:
            error.add_note(f"in the block at {block}")
            raise


def test_few_blocks_are_not_run() -> None:
    """What cannot be tried is marked, with a reason, and counted."""
    marked = [b for page in PAGES for b in blocks_of(page) if b.mark == "not run"]
    assert len(marked) == NOT_RUN, [str(each) for each in marked]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    for target in _LINK.findall(page.read_text()):
        if not target.startswith(("http:", "https:", "mailto:")):
            made = page.parent == ROOT / "docs" and target.startswith("reference/")
            assert (page.parent / target).exists() or made, target


@pytest.mark.parametrize(
    "command",
    [
        "orchestrator rum density",
        "orchestrator run density --sed 3",
        "orchestrator up --nodes many",
        "kubectl frobnicate pods",
        "pip install '.[pots]'",
        "pip install orchestrator",
        "python -m benchmarks.nothing",
        "frobnicate",
    ],
)
def test_wrong_commands_are_noticed(command: str) -> None:
    """The check of commands can fail."""
    with pytest.raises(commands.Wrong):
        commands.check(command)


def test_a_mark_without_a_block_is_noticed(tmp_path: Path) -> None:
    """A mark that went astray would leave its block unmarked."""
    page = tmp_path / "page.md"
    page.write_text("<!-- run -->\n\ntext\n")
    with pytest.raises(MarkedWrongly):
        list(blocks_of(page))


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("command-line.md", "--trace-causes KIND/[NAMESPACE/]NAME"),
        ("scenario-language.md", "| `joinAt` |"),
        ("measures.md", "| `podStartLeftOut` |"),
        ("python.md", "#### crash_node"),
        ("kinds.md", "| ReplicaSet | apps/v1 | `deployment`, `replicaset` |"),
        ("metrics.md", "| `apiserver_request_total` | counter |"),
    ],
)
def test_the_reference_is_made_from_the_code(page: str, said: str) -> None:
    """Each page of the reference holds what is in the code now."""
    assert said in reference.PAGES[page]()


def test_the_table_of_kinds_names_kinds() -> None:
    """A kind that is not served any more must not be said to be acted on."""
    served = {resource.kind for resource in Scheme.builtin().resources()}
    assert set(reference.COMPONENTS) <= served
