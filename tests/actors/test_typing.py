"""What a type checker knows of refs, requests and replies."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from typing import Any

from actors import Context, Ref, Request


class Count(Request[int], frozen=True):
    pass


async def main(any_ref: Ref[Any], texts: Ref[str], ctx: Context) -> None:
    reveal_type(await any_ref.ask(Count()))
    texts.tell("right")
    texts.tell(1)
    await texts.send(b"wrong")
    ctx.request(any_ref, Count(), lambda reply: reveal_type(reply))
    narrower: Ref[bool] = Ref[int].__new__(Ref[int])
    wider: Ref[object] = texts
"""


def test_the_reply_of_a_request_and_the_messages_of_a_ref_are_known(tmp_path: Path) -> None:
    """`ask` has the request's reply type; a typed ref takes its messages only."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(program)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    lines = PROGRAM.splitlines()
    said = {}
    for line in checked.stdout.splitlines():
        _, number, _, text = line.split(":", 3)
        said[lines[int(number) - 1].strip()] = text.strip()
    assert said == {
        "reveal_type(await any_ref.ask(Count()))": 'Revealed type is "int"',
        "texts.tell(1)": 'Argument 1 to "tell" of "Ref" has incompatible type "int"; expected "str"  [arg-type]',
        'await texts.send(b"wrong")': 'Argument 1 to "send" of "Ref" has incompatible type "bytes"; expected "str"  [arg-type]',
        "ctx.request(any_ref, Count(), lambda reply: reveal_type(reply))": 'Revealed type is "int"',
        "wider: Ref[object] = texts": 'Incompatible types in assignment (expression has type "Ref[str]", variable has type "Ref[object]")  [assignment]',
    }
