"""What Kubernetes' own documents say, condensed: facts that generation and the running server read.

`kubernetes.json` is the OpenAPI document (names, types, shapes, paths), `protobuf.json` the numbers of
the fields (`openapi_protobuf.json` those of OpenAPI's own), `written.json` the fields that are written even if they are empty. `orchestrator.api.generate`
says how they are made.
"""

from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parent / "kubernetes.json"
PROTOBUF: Final = Path(__file__).parent / "protobuf.json"
# The same of the messages in which OpenAPI itself is sent.
OPENAPI_PROTOBUF: Final = Path(__file__).parent / "openapi_protobuf.json"
# What only the published documents say of fields: defaults and the values that an enumeration has.
FIELDS: Final = Path(__file__).parent / "fields.json"
# What only the source says of them: which ones Kubernetes always writes.
WRITTEN: Final = Path(__file__).parent / "written.json"
# ... and which ones are the same as absent when they are zero.
LEFT_OUT: Final = Path(__file__).parent / "left_out.json"
# ... and in which order it writes them, where that is not the alphabet's.
ORDER: Final = Path(__file__).parent / "order.json"
# The types of a pod template as Go prints them, for its hash.
GO_STRUCTS: Final = Path(__file__).parent / "go_structs.json"
# What Go's complaints about documents call types and fields.
GO_NAMES: Final = Path(__file__).parent / "go_names.json"
# What tables say of their columns.
COLUMNS: Final = Path(__file__).parent / "columns.json"
