"""Objects of all built-in kinds, with maps out of order and signs of markup, and a custom one."""

import json
from pathlib import Path
from typing import Any, Final

# Each with the path that it is posted to, and as it is sent.
OBJECTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = tuple(
    (path, body) for path, body in json.loads(Path(__file__).with_name("objects.json").read_text())
)
