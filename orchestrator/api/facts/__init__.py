"""What Kubernetes' own documents say, condensed: facts that generation and the running server read.

`kubernetes.json` is the OpenAPI document (names, types, shapes, paths), `protobuf.json` the numbers of
the fields. `orchestrator.api.generate` says how they are made.
"""

from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parent / "kubernetes.json"
PROTOBUF: Final = Path(__file__).parent / "protobuf.json"
# What only the published documents say of fields: defaults and the values that an enumeration has.
FIELDS: Final = Path(__file__).parent / "fields.json"
# The types of a pod template as Go prints them, for its hash.
GO_STRUCTS: Final = Path(__file__).parent / "go_structs.json"
