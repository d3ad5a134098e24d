"""Files as block devices: loop devices of the machine, which root alone may have.

A loop device keeps its file until it is detached, whoever has ended or removed the file by then. Needs nothing but
Python, for who takes a dead cluster's storage away is a small process that imports nothing of this program.
"""

import os
import subprocess

_LIST = ("losetup", "--list", "--noheadings", "--raw", "--output", "NAME,RO,BACK-FILE")


def loop_of(file: str, read_only: bool) -> str:
    """The loop device of a file, of the size that the file has by now; empty where there can be none."""
    if os.geteuid() != 0 or not os.path.exists("/dev/loop-control"):
        return ""
    for name, locked, behind in _known():
        if behind == file and locked == read_only:
            subprocess.run(["losetup", "--set-capacity", name], check=False, capture_output=True)
            return name
    options = ["--read-only"] if read_only else []
    command = ["losetup", "--find", "--show", *options, file]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def detach_loops(place: str) -> None:
    """Detach the loop devices of a file, or of all files in a directory; one in use goes with its last user."""
    for name, _, behind in _known():
        if behind == place or behind.startswith(f"{place}/"):
            subprocess.run(["losetup", "--detach", name], check=False, capture_output=True)


def _known() -> list[tuple[str, bool, str]]:
    """The loop devices of the machine: name, whether it is read only, and the file."""
    try:
        done = subprocess.run(_LIST, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return []
    rows = [line.split(" ", 2) for line in done.stdout.splitlines()]
    return [
        (row[0], row[1] == "1", row[2].removesuffix(" (deleted)")) for row in rows if len(row) == 3
    ]
