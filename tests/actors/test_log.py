"""What a program that embeds a system hears of it, and how."""

import json
import logging
import subprocess
import sys

import pytest
import structlog

from actors import Actor, ActorSystem
from actors.log import show


class Fragile(Actor):
    """Raises what it is told, beside a secret."""

    def on_error(self, message: Exception) -> None:
        """Fail."""
        secret = "hunter" + "2"
        assert secret
        raise message


async def _fail(system: ActorSystem, times: int, name: str = "fragile") -> None:
    ref = system.spawn(Fragile, name)
    for number in range(times):
        ref.tell(ValueError(f"number {number}"))
        await system.clock.sleep(60)


async def test_a_failure_is_one_line_and_a_traceback_without_locals(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """pytest's caplog, a handler as any other, sees it at the logger `actors`."""
    await _fail(system, 1)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("actors", "WARNING")
    assert "\n" not in record.getMessage()
    assert "error='ValueError: number 0'" in record.getMessage()
    assert record.fields["actor"] == "/fragile"  # type: ignore[attr-defined]
    assert "raise message" in caplog.text
    assert "hunter2" not in caplog.text


async def test_repeats_are_counted(system: ActorSystem, caplog: pytest.LogCaptureFixture) -> None:
    """The first error of a place is shown whole, then each power of two of its repeats is a line."""
    await _fail(system, 9)
    assert [record.fields.get("times") for record in caplog.records] == [None, 2, 4, 8]  # type: ignore[attr-defined]
    assert [record.exc_info is not None for record in caplog.records] == [True] + [False] * 3


async def test_another_actor_s_error_is_not_a_repeat(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor another system's."""
    await _fail(system, 1)
    await _fail(system, 1, "other")
    async with ActorSystem(logger="mine") as second:
        await _fail(second, 1)
    assert [r.name for r in caplog.records if r.exc_info is not None] == ["actors"] * 2 + ["mine"]


async def test_the_embedder_s_structlog_is_left_alone(system: ActorSystem) -> None:
    """Its processors neither change nor hear of our events."""
    with structlog.testing.capture_logs() as heard:
        await _fail(system, 1)
    assert heard == []


def test_nothing_is_printed_unless_it_is_asked_for() -> None:
    """Standard error of a program that configures no logging stays empty."""
    program = (
        "import actors\n"
        "from tests.actors.test_log import _fail\n"
        "async def main():\n"
        "    async with actors.ActorSystem() as system:\n"
        "        await _fail(system, 3)\n"
        "actors.run(main)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stderr == b""


async def test_show_prints_lines_with_fields_of_the_program_s_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From the level that was asked, once, whoever asked before."""
    show(logging.DEBUG, ["shown"])
    show(logging.WARNING, ["shown"], run="a=1")
    async with ActorSystem(logger="shown") as system:
        system.log.info("too little")
        system.log.warning("two lines", text="a\nb")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("[warning] two lines text='a\\nb' run='a=1'")


async def test_show_prints_documents(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of JSON for each event, with its keys and, once, its traceback."""
    show(logging.INFO, ["shown"], as_json=True, run=1)
    async with ActorSystem(logger="shown") as system:
        system.log.info("two lines", text="a\nb")
        system.log.error("failed", exc_info=ValueError("why"))
    said, failed = map(json.loads, capsys.readouterr().err.splitlines())
    assert said.pop("ts") > 0
    assert said == {
        "level": "info",
        "logger": "shown",
        "msg": "two lines",
        "text": "a\nb",
        "run": 1,
    }
    assert (failed["level"], failed["error"]) == ("error", "ValueError: why")
    assert failed["stacktrace"] == "ValueError: why"
