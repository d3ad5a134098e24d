"""The tiny shell of simulated containers."""

import pytest

from orchestrator.kubelet.runtimes.interface import World
from orchestrator.kubelet.runtimes.shell import Err, Out, Read, rehearse, run


def _played(script: str, given: bytes = b"", world: World | None = None) -> tuple[str, str, int]:
    """Output, errors and exit code of a script with an input."""
    out = err = b""
    inputs = iter([given] if given else [])
    command = run(
        ["sh", "-c", script], world or World({"A": "a b", "E": ""}, {"/etc/f": b"one\ntwo\n"})
    )
    answer: bytes | None = None
    while True:
        try:
            step = command.send(answer)
        except StopIteration as end:
            return out.decode(), err.decode(), int(end.value)
        answer = None
        if isinstance(step, Out):
            out += step.data
        elif isinstance(step, Err):
            err += step.data
        elif isinstance(step, Read):
            answer = next(inputs, None)


@pytest.mark.parametrize(
    ("script", "out", "code"),
    [
        ("echo  a   'b  c' \"d  $A\"", "a b  c d  a b\n", 0),
        ("echo -n x; echo $A", "xa b\n", 0),
        ("echo '$A' \\$A ${NONE:-other}$E.", "$A $A other.\n", 0),
        ("true && echo yes || echo no", "yes\n", 0),
        ("false && echo yes || echo no", "no\n", 0),
        ("false; echo $?", "1\n", 0),
        ("exit 7; echo never", "", 7),
        ("echo a | cat | wc -c", "2\n", 0),
        ("cat /etc/f | grep tw", "two\n", 0),
        ("echo hi > /tmp/x; echo ho >> /tmp/x; cat /tmp/x", "hi\nho\n", 0),
        ("cd /etc && cat f && pwd", "one\ntwo\n/etc\n", 0),
        ("X=1 && export Y=2; echo $X$Y", "12\n", 0),
        ("[ -f /etc/f ] && test ! -d /nope && echo there", "there\n", 0),
        ("[ 2 -gt 1 ] && [ a != b ] && echo so", "so\n", 0),
        ("touch /tmp/a; rm /tmp/a; ls /tmp/a 2>/dev/null", "", 1),
        ("# nothing\necho two # lines\necho three", "two\nthree\n", 0),
        ("cat", "typed", 0),
        ("cat /nope 2>&1", "cat: can't open '/nope': No such file or directory\n", 1),
        ("env | grep A=", "A=a b\n", 0),
        ("sh -c 'exit 3'; echo $?", "3\n", 0),
    ],
)
def test_scripts_do_what_they_do_in_a_shell(script: str, out: str, code: int) -> None:
    assert _played(script, b"typed" if script == "cat" else b"")[::2] == (out, code)


def test_an_unknown_command_is_not_found() -> None:
    assert _played("nginx -g daemon") == ("", "sh: nginx: not found\n", 127)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["sleep", "5"], (5, 0)),
        (["/bin/sh", "-c", "sleep 1.5; sleep 1m; exit 2"], (61.5, 2)),
        (["false"], (0, 1)),
        (["curl", "localhost"], (0, 0)),
        ([], (0, 0)),
    ],
)
def test_a_rehearsal_tells_how_long_a_command_takes(
    command: list[str], expected: tuple[float, int]
) -> None:
    assert rehearse(command) == expected
