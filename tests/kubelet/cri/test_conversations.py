"""The last word of a command that a runtime has run."""

import json

import pytest

from orchestrator.kubelet.runtimes.cri.conversations import exit_code_of
from orchestrator.kubelet.runtimes.cri.endpoint import CriFault


def test_the_exit_code_stands_among_the_causes() -> None:
    """Success, and silence, are 0."""
    failed = {
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": "7"}]},
    }
    assert exit_code_of(json.dumps(failed).encode()) == 7
    assert exit_code_of(b'{"metadata":{},"status":"Success"}') == 0
    assert exit_code_of(b"") == 0


@pytest.mark.parametrize(
    "said", [b'{"status":"Failure","message":"no such command"}', b"no such command"]
)
def test_a_fault_that_is_none_of_the_commands_is_raised(said: bytes) -> None:
    """In the runtime's words."""
    with pytest.raises(CriFault, match="no such command"):
        exit_code_of(said)
