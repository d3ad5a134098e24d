"""The kinds of `certificates`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.certificates.v1 import CertificateSigningRequest
from orchestrator.apiserver.kinds.certificates.tables import REQUESTS
from orchestrator.apiserver.kinds.kind import Kind

KINDS: Final[tuple[Kind, ...]] = (Kind(CertificateSigningRequest, table=REQUESTS),)
