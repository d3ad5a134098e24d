"""What all tests share: Ctrl-C, even where a script runs them in the background, compiled modules, patience (how long
an example takes says how busy the machine is), and how `-n auto` shares them among processors.
"""

import atexit
import gc
import os
import shutil
import signal
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

signal.signal(signal.SIGINT, signal.default_int_handler)

# What hundreds of tests have left in memory takes seconds to go over, during which a client's time runs out: rarely, then.
gc.set_threshold(50_000, 10, 10)

# Tests start hundreds of interpreters: what the first has compiled, the others need not compile again,
# also where nothing may be written beside the source. Workers of pytest-xdist inherit the folder.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None) and "PYTHONPYCACHEPREFIX" not in os.environ:
    _compiled = tempfile.mkdtemp(prefix="orchestrator-compiled-")
    os.environ["PYTHONPYCACHEPREFIX"] = _compiled
    atexit.register(shutil.rmtree, _compiled, ignore_errors=True)

settings.register_profile(
    "patient",
    parent=settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", parent=settings.get_profile("patient"), max_examples=2_000)
settings.load_profile("patient")

# --- sharing among processors --------------------------------------------------------------

_HERE = Path(__file__).parent
# Rooms of long files: their tests wait for processes and for the wall's clock, or are many in one.
_LONG = frozenset(
    {
        *(".", "cli", "clients", "cluster", "conformance", "crashes", "docs", "examples"),
        *("kubelet", "scenario", "stories"),
    }
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Three workers for two processors: what one waits for is no work for its processor."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    mine = getattr(os, "sched_getaffinity", None)  # Linux's
    processors = len(mine(0)) if mine is not None else os.cpu_count() or 1
    return max(processors * 3 // 2, 1)


def pytest_configure(config: pytest.Config) -> None:
    """The order in which files are given out is ours; xdist's goes by the number of their tests alone."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files come first, and short ones last: in the end no worker waits for another's."""
    if not hasattr(config, "workerinput"):
        return
    sizes = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[bool, int]:
        room = item.path.relative_to(_HERE).parent.parts[:1] or (".",)
        return room[0] not in _LONG, -sizes[item.path]

    items.sort(key=place)
