"""The log of requests: a line each, in the keys of kube-apiserver's, for whoever asks for it."""

import json
import logging
from typing import Any

import pytest

from orchestrator import Cluster
from orchestrator.apiserver.http import HttpFront
from tests.apiserver.http.conftest import Caller

LOGGER = "orchestrator.requests"


def _requests(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(each)["fields"] for each in caplog.records if each.name == LOGGER]


async def test_a_line_says_what_was_asked_by_whom_and_what_became_of_it(
    call: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """By the id that the answer has; lists are told from gets, and the flow is named."""
    caplog.set_level(logging.DEBUG, LOGGER)
    async with call.send(
        "GET", "/api/v1/pods?labelSelector=a%3Db", User_Agent="me/1", Audit_Id="x" * 70
    ) as answer:
        assert answer.headers["Audit-Id"] == "x" * 70
    await call("GET", "/api/v1/namespaces/nowhere")
    listed, missed = _requests(caplog)
    assert listed["verb"] == "LIST"
    assert listed["URI"] == "/api/v1/pods?labelSelector=a%3Db"
    assert (listed["userAgent"], listed["audit-ID"]) == ("me/1", "x" * 64)
    assert listed["srcIP"].startswith("127.0.0.1:")
    assert listed["latency"].endswith("s")
    assert (listed["apf_pl"], listed["apf_fs"]) == ("exempt", "exempt")
    assert (listed["apf_iseats"], listed["apf_fseats"]) == (1, 0)
    assert listed["apf_execution_time"].endswith("s")
    assert listed["resp"] == 200
    assert (missed["verb"], missed["resp"]) == ("GET", 404)


async def test_what_a_client_says_does_not_begin_a_line(
    call: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """A quotation mark in her agent's name ends no value."""
    caplog.set_level(logging.DEBUG, LOGGER)
    agent = 'a" resp=200 b="\xe4'
    await call("GET", "/version", User_Agent=agent)
    (record,) = [each for each in caplog.records if each.name == LOGGER]
    line = record.getMessage()
    assert line.startswith('"HTTP" verb="GET" URI="/version" latency="')
    assert "\n" not in line
    assert f"userAgent={json.dumps(vars(record)['fields']['userAgent'])} " in line


async def test_nobody_who_shows_the_clusters_log_is_shown_requests(
    running: tuple[Cluster, HttpFront], call: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """Unless she asks for them."""
    caplog.set_level(logging.INFO, "orchestrator")
    await call("GET", "/version")
    assert not _requests(caplog)
