"""The kinds of `apiextensions`: a row each, which holds all that the server knows of it."""

from typing import Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import CustomResourceDefinition
from orchestrator.apiserver.kinds.apiextensions.defaults import default_definition
from orchestrator.apiserver.kinds.apiextensions.stored import stored_definition
from orchestrator.apiserver.kinds.apiextensions.strategy import DefinitionStrategy
from orchestrator.apiserver.kinds.apiextensions.validation import DEFINITION_RULES
from orchestrator.apiserver.kinds.apiextensions.warnings import definition_warnings
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.strategy import OBSERVED_STRICT

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        CustomResourceDefinition,
        warnings=definition_warnings,
        rules=DEFINITION_RULES,
        default=default_definition,
        stored=stored_definition,
        strategy=DefinitionStrategy,
        traits=replace(OBSERVED_STRICT, collected=False),
        resets=STATUS_ALONE,
    ),
)
