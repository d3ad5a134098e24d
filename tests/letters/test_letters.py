"""Answers have the original's letters: text, media type, what may be kept, how their length is told."""

import asyncio
import json
import lzma
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator import Cluster
from orchestrator.protocol import AUTHENTICATED, MASTERS, Identity
from tests.letters.asking import answers
from tests.letters.normal import Answer
from tests.letters.questions import QUESTIONS

ANSWERS: Final = Path(__file__).parent / "answers.json.xz"
_TOKEN: Final = "admintoken"
_ADMINISTRATOR: Final = Identity("kubernetes-admin", (MASTERS, AUTHENTICATED), "admin-uid")


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], Any]]:
    """asyncio's own loop: sockets take real time."""
    return {"real": asyncio.new_event_loop}


@pytest.fixture(scope="module")
def ours() -> list[Answer]:
    """What a cluster answers in which nothing else happens."""

    async def ask() -> list[Answer]:
        async with Cluster(nodes=0, controllers=()) as cluster:
            front = await cluster.serve(tokens={_TOKEN: _ADMINISTRATOR})
            context = ssl.create_default_context(cadata=front.pki.authority.certificate.decode())
            return await asyncio.to_thread(
                lambda: list(answers(front.url, context, _TOKEN, QUESTIONS))
            )

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def originals() -> dict[str, list[Any]]:
    """What was recorded, by question."""
    found: dict[str, list[Any]] = json.loads(lzma.decompress(ANSWERS.read_bytes()))
    return found


@pytest.mark.parametrize("number", range(len(QUESTIONS)), ids=[q.name[:80] for q in QUESTIONS])
def test_the_answer_has_the_letters_of_the_original(
    number: int, ours: list[Answer], originals: dict[str, list[Any]]
) -> None:
    """Status, headers that clients act upon, and the body as text."""
    assert list(ours[number]) == originals[QUESTIONS[number].name]
