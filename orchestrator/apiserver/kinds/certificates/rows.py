"""The kinds of `certificates`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.certificates.v1 import CertificateSigningRequest
from orchestrator.apiserver.kinds.certificates.strategy import RequestStrategy
from orchestrator.apiserver.kinds.certificates.tables import REQUESTS
from orchestrator.apiserver.kinds.certificates.validation import REQUEST_RULES
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import SPEC, STATUS

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        CertificateSigningRequest,
        rules=REQUEST_RULES,
        strategy=RequestStrategy,
        table=REQUESTS,
        resets={
            "": {**SPEC, **STATUS},
            "status": {**SPEC, "f:status": {"f:conditions": {}}},
            "approval": {**SPEC, "f:status": {"f:certificate": {}}},
        },
    ),
)
