"""Status documents of errors."""

from orchestrator.api import codec
from orchestrator.protocol import ApiError, status_of


def error_document(error: ApiError) -> bytes:
    """An error's Status, without the newline that ends an answer."""
    return codec.encode(status_of(error))
