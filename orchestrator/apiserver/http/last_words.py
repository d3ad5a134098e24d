"""How a session tells a client that its command has ended."""

import json
from collections.abc import Sequence

from orchestrator.sessions import Ended


def last_word(ended: Ended, command: Sequence[str]) -> bytes:
    """How a command ended, as a Status."""
    if ended.fault:
        status = {
            "metadata": {},
            "status": "Failure",
            "message": ended.fault,
            "reason": "InternalError",
            "details": {"causes": [{"message": ended.fault}]},
            "code": 500,
        }
    elif ended.exit_code:
        status = {
            "metadata": {},
            "status": "Failure",
            "message": "command terminated with non-zero exit code: error executing command "
            f"[{' '.join(command)}], exit code {ended.exit_code}",
            "reason": "NonZeroExitCode",
            "details": {"causes": [{"reason": "ExitCode", "message": str(ended.exit_code)}]},
        }
    else:
        status = {"metadata": {}, "status": "Success"}
    return json.dumps(status).encode()
