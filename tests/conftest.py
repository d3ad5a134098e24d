"""What all tests share: Ctrl-C, even where a script runs them in the background, compiled modules, and
patience: how long an example takes says how busy the machine is.
"""

import atexit
import gc
import os
import shutil
import signal
import tempfile

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
settings.load_profile("patient")
