"""The tiny shell of simulated containers."""

import io
import tarfile

import pytest

from orchestrator.kubelet.runtimes.interface import Mount, World
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


def test_a_time_that_is_none_is_told() -> None:
    for name in ("sleep", "timeout"):
        assert _played(f"{name} soon true") == ("", f"{name}: invalid number 'soon'\n", 1)


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


@pytest.mark.parametrize(
    ("script", "out", "code"),
    [
        ("if [ $(expr 3 % 2) -ne 0 ]; then echo odd; else echo even; fi", "odd\n", 0),
        ("n=0; while [ $n -lt 3 ]; do n=$((n + 1)); echo -n $n; done", "123", 0),
        ("for i in a b; do [ $i = b ] && break; echo $i; done", "a\n", 0),
        ("case foo.txt in *.md) echo md;; *.txt|*.rst) echo text;; esac", "text\n", 0),
        ("f() { echo $1-$#; return 4; }; f x y; echo $?", "x-2\n4\n", 0),
        ("set -e; false; echo never", "", 1),
        ("set -e; if false; then :; fi; false || true; echo on", "on\n", 0),
        ("(cd /etc; A=2); pwd; echo $A", "/\na b\n", 0),
        ("x=$(echo 'hello' >> /tmp/n; wc -l /tmp/n | awk {'print $1'}); echo $x", "1\n", 0),
        ('[[ "$(cat /etc/f)" == one* ]] && echo match', "match\n", 0),
        ('echo "${A:?}" ${E:-none} ${A#a } ${#A}', "a b none b 3\n", 0),
        ("echo ${MISSING:?is needed}; echo never", "", 2),
        ("cat <<END\nA is $A\nEND\n", "A is a b\n", 0),
        ("echo err >&2 2>/dev/null; echo out > /dev/stdout", "out\n", 0),
        ("cd /etc; echo f*; echo /etc/g*", "f\n/etc/g*\n", 0),
        ("until true; do :; done; ! false && echo yes", "yes\n", 0),
        ("trap 'echo bye' EXIT; exit 3", "bye\n", 3),
        ("printf '%s=%d\\n' a 1 b 2", "a=1\nb=2\n", 0),
        ("seq 3 | sort -r | head -n 1; echo a:b | cut -d: -f2", "3\nb\n", 0),
        (
            "touch /tmp/x; chmod 600 /tmp/x; stat -c %a /tmp/x; ls -l /tmp/x | cut -c1-10",
            "600\n-rw-------\n",
            0,
        ),
        (
            "mkdir -p /a/b; touch /a/b/c; find /a -type f; mv -v /a/b/c /tmp/; ls /tmp",
            "/a/b/c\n'/a/b/c' -> '/tmp/c'\nc\n",
            0,
        ),
        (
            "mkdir -p /a/b/d; touch /a/b/c /a/e; find /a -mindepth 2 -type f; find /a -mindepth 1 -delete; ls -A /a; echo $?",
            "/a/b/c\n0\n",
            0,
        ),
        ("echo x > /nowhere/y", "", 1),
        ("exit $(( 7 / 2 ))", "", 3),
        ("if", "", 2),
        ("timeout 3 sleep 10; echo $?", "143\n", 0),
    ],
)
def test_scripts_have_the_control_flow_of_a_shell(script: str, out: str, code: int) -> None:
    """Conditions, loops, functions, substitutions and redirections are those of POSIX."""
    expected = out.replace("'/a/b/c' ->", "renamed '/a/b/c' ->")
    assert _played(script)[::2] == (expected, code)


def test_a_container_may_be_unable_to_write() -> None:
    """A read-only root refuses what a volume takes, and users write where they may."""
    mounts = (Mount("/v", "v", "emptyDir"), Mount("/c", "c", "objects", read_only=True))
    world = World({}, {"/v/": b"", "/c/": b""}, mounts=mounts, read_only=True)
    assert _played("echo x > /file; echo y > /v/y && echo z > /c/z", world=world) == (
        "",
        "sh: can't create /file: Read-only file system\n"
        "sh: can't create /c/z: Read-only file system\n",
        1,
    )
    assert _played("touch /etc/x", world=World({}, {}, uid=1000))[2] == 1


def test_mounts_are_told_by_their_kind() -> None:
    """Whoever asks for control groups learns that they are of version 2, as the files below them are."""
    world = World({}, {}, mounts=(Mount("/data", "v", "emptyDir", read_only=True),))
    cgroups = "cgroup on /sys/fs/cgroup type cgroup2 (ro,relatime)\n"
    assert _played("mount -t cgroup2", world=world)[::2] == (cgroups, 0)
    data = "ext4 on /data type ext4 (ro,relatime)\n"
    assert _played("mount", world=world)[::2] == (cgroups + data, 0)
    assert _played("mount /dev/sda /mnt", world=world)[1:] == (
        "mount: permission denied (are you root?)\n",
        1,
    )


_TREE = "mkdir -p /d/sub; echo 1 > /d/a; echo 2 > /d/sub/b; chmod 750 /d/a; mkdir /to; "


@pytest.mark.parametrize(
    ("script", "out", "err", "code"),
    [
        # busybox's own answers to these lines
        ("tar cf - -C /d a sub | tar tf -", "a\nsub/\nsub/b\n", "", 0),
        ("cd / && tar -cf - d | tar xvf - -C /to; cat /to/d/sub/b", "d/\nd/a\nd/sub/\nd/sub/b\n2\n", "", 0),
        ("tar czf /x.tgz -C / d; tar xzf /x.tgz -C /to d/sub; ls /to/d", "sub\n", "", 0),
        ("tar cf - /d/a | tar t", "d/a\n", "tar: removing leading '/' from member names\n", 0),
        ("tar cf - -C /d a | tar xmf - -C /to; stat -c %a /to/a", "750\n", "", 0),
        ("tar cf /x nothing", "", "tar: nothing: No such file or directory\n"
         "tar: error exit delayed from previous errors\n", 1),
        ("tar xf /nowhere", "", "tar: can't open '/nowhere': No such file or directory\n", 1),
        ("echo no | tar x", "", "tar: short read\n", 1),
        ("tar f /x", "", "tar: must specify one of -c, -x or -t\n", 1),
        ("tar x -C /nowhere -f /x", "", "tar: can't change directory to '/nowhere': No such file or directory\n", 1),
    ],
)  # fmt: skip
def test_archives_are_made_listed_and_unpacked(script: str, out: str, err: str, code: int) -> None:
    assert _played(_TREE + script) == (out, err, code)


def test_an_archive_leads_nowhere_else() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("../etc/f", "fine"):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    world = World({}, {"/etc/f": b"kept", "/x": buffer.getvalue(), "/to/": b""})
    _, said, code = _played("tar xf /x -C /to", world=world)
    assert (said, code) == ("tar: can't create '../etc/f': name with '..' skipped\n", 1)
    assert world.files["/etc/f"] == b"kept"
    assert world.files["/to/fine"] == b""
