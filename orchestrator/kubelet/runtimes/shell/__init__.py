"""A small shell: what commands do in a simulated container, where nothing is executed.

A command is a generator (`commands/steps.py`), and `prefixes.py` has those that run another one. `parsing.py` reads a
script as a POSIX shell does, into `tree.py`; `running.py` runs it; `outlook.py` says what can be said of it before. What
it knows of the world is a `World`: environment, files, host name. The commands beside the shell's own are in
`runtimes/commands/`; another one is not found: 127.
"""

from orchestrator.kubelet.runtimes.commands.paths import absolute
from orchestrator.kubelet.runtimes.commands.steps import (
    Command,
    Err,
    Listen,
    Out,
    Read,
    Run,
    Sleep,
    Step,
)
from orchestrator.kubelet.runtimes.shell.outlook import Outlook, outlook, rehearse
from orchestrator.kubelet.runtimes.shell.running import run

__all__ = [
    "Command",
    "Err",
    "Listen",
    "Out",
    "Outlook",
    "Read",
    "Run",
    "Sleep",
    "Step",
    "absolute",
    "outlook",
    "rehearse",
    "run",
]
