"""Warnings as headers: which of them fit."""

from collections.abc import Sequence

import pytest
from aiohttp.web import Response
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.warnings import add_warnings


def _told(texts: Sequence[str]) -> list[str]:
    response = Response()
    add_warnings(response, resource_of(ConfigMap), texts)
    return [each.removeprefix('299 - "')[:-1] for each in response.headers.getall("Warning", [])]


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["a", "b", "a"], ["a", "b"]),
        (["a\nb", "c", ""], ["c"]),
        (["x" * 4096], ["x" * 4096]),
        (["x" * 4000, "y" * 97], ["x" * 256, "y" * 97]),
        ([f"{n:03}" + "z" * 253 for n in range(20)], [f"{n:03}" + "z" * 253 for n in range(16)]),
    ],
)
def test_warnings_are_told_once_and_cut_when_they_are_many(
    texts: list[str], told: list[str]
) -> None:
    """Beyond 4,096 characters each is cut to 256, and they end; one with control characters is left out."""
    assert _told(texts) == told


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters='\\"'), max_size=900)))
def test_warnings_are_bounded(texts: list[str]) -> None:
    """Whatever there is to say, the headers stay short, and say nothing else."""
    told = _told(texts)
    assert sum(map(len, told)) <= 4096 + 256
    assert all(any(text.startswith(each) for text in texts) for each in told)
