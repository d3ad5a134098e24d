"""Warnings as headers: which of them fit, and when there are any."""

from collections.abc import Sequence
from typing import Any, Final

import pytest
from aiohttp.web import Response
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.core.v1 import ConfigMap
from orchestrator.api.scheme import resource_of
from orchestrator.apiserver.http.warnings import add_warnings
from tests.apiserver.http.conftest import Caller

_POD: Final = {"containers": [{"name": "c", "image": "i"}]}


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


@pytest.mark.parametrize(
    ("plural", "patch", "warned"),
    [
        ("deployments", {"metadata": {"annotations": {"a": "b"}}}, True),
        ("deployments", {"metadata": {"labels": {"a": "b"}}}, False),
        ("replicasets", {"metadata": {"annotations": {"a": "b"}}}, False),
        ("replicasets", {"spec": {"replicas": 2}}, True),
    ],
)
async def test_a_template_is_warned_of_with_each_generation(
    call: Caller, plural: str, patch: dict[str, Any], warned: bool
) -> None:
    """Annotations of a Deployment count as one."""
    path = f"/apis/apps/v1/namespaces/default/{plural}"
    pod = {**_POD, "nodeSelector": {"beta.kubernetes.io/os": "linux"}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    assert (await call("POST", path, {"metadata": {"name": "one"}, "spec": spec}))[0] == 201
    media = "application/merge-patch+json"
    async with call.send("PATCH", f"{path}/one", patch, Content_Type=media) as answer:
        assert (answer.status, "Warning" in answer.headers) == (200, warned)
