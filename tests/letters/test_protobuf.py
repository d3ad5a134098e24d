"""Documents in protobuf have the original's bytes, those of what nobody has set included."""

import json
import lzma
from pathlib import Path
from typing import Final

import pytest

from orchestrator.api import protobuf_writer
from orchestrator.apiserver.openapi import protobuf as openapi_protobuf

# What was asked for, as JSON and in protobuf, a byte a letter.
PAIRS: Final = Path(__file__).parent / "pairs.json.xz"
_PAIRS: Final[list[tuple[str, str, str]]] = json.loads(lzma.decompress(PAIRS.read_bytes()))


@pytest.mark.parametrize("number", range(len(_PAIRS)), ids=[each[0] for each in _PAIRS])
def test_a_document_has_the_bytes_of_the_original(number: int) -> None:
    """Whatever kind it is of."""
    path, said, written = _PAIRS[number]
    document = json.loads(said.encode("latin-1"))
    if path.startswith("/openapi/v3"):
        made = openapi_protobuf.encode(document, "v3")
    else:
        made = protobuf_writer.encode(document)
    assert made == written.encode("latin-1")
