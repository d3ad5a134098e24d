"""Write `facts/openapi_protobuf.json`: `python -m orchestrator.api.generate.openapi_protobuf DIRECTORY`.

DIRECTORY holds gnostic's messages (`openapiv2/OpenAPIv2.proto` and `openapiv3/OpenAPIv3.proto`). What is kept of
them: for each message the number of each field, its name in JSON and its type, `[]` before it for a repeated one;
`choices` are those messages of which one field is set.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from orchestrator.api.facts import OPENAPI_PROTOBUF

_VERSIONS: Final = ("v2", "v3")
_MESSAGE: Final = re.compile(r"^message (\w+) \{(.*?)^\}", re.DOTALL | re.MULTILINE)
_FIELD: Final = re.compile(r"^ *(repeated )?([\w.]+) (\w+) = (\d+);", re.MULTILINE)


def messages(source: str) -> dict[str, dict[str, Any]]:
    """What is kept of one file."""
    found: dict[str, dict[str, Any]] = {"choices": {}, "messages": {}}
    for name, body in _MESSAGE.findall(source):
        fields = {
            number: [_json_name(field), ("[]" if repeated else "") + kind]
            for repeated, kind, field, number in _FIELD.findall(body)
        }
        found["choices" if "oneof" in body else "messages"][name] = fields
    return found


def _json_name(field: str) -> str:
    """`_ref` is `$ref`, `read_only` is `readOnly`."""
    if field.startswith("_"):
        return f"${field[1:]}"
    head, *rest = field.split("_")
    return head + "".join(each.capitalize() for each in rest)


def main() -> None:
    """Replace the table."""
    directory = Path(sys.argv[1])
    lines = [
        f'"{version}": {json.dumps(messages((directory / path).read_text()), separators=(",", ":"))}'
        for version in _VERSIONS
        for path in (f"openapi{version}/OpenAPI{version}.proto",)
    ]
    OPENAPI_PROTOBUF.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
