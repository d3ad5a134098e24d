"""The kinds of `node`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.node.tables import RUNTIMES
from orchestrator.apiserver.kinds.node.validation import RUNTIME_CLASS_RULES
from orchestrator.apiserver.kinds.node.warnings import runtime_class_warnings
from orchestrator.apiserver.kinds.strategy import Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        RuntimeClass,
        warnings=runtime_class_warnings,
        rules=RUNTIME_CLASS_RULES,
        traits=Traits(unconditional_update=False, create_on_update=True),
        table=RUNTIMES,
    ),
)
