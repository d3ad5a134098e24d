"""Structural schemas: what a custom resource may hold, as its definition says it in OpenAPI v3.

A schema is compiled once from its document and then asked: `prune` drops what it does not know,
`with_defaults` fills in what is missing, `faults_of` says what is wrong in the words of Kubernetes; `fitting` makes a
function that answers fast whether there is anything to say.
Values are plain JSON (dict, list, str, int, float, bool, None) and are never changed in place: what
stays the same is the same object. `compile_rules` and `rule_faults` are for rules in CEL.
"""

from orchestrator.machinery.schemas.default_faults import embedded_faults
from orchestrator.machinery.schemas.defaulting import with_defaults
from orchestrator.machinery.schemas.embedded import EmbeddedMisfit, with_metadata_read
from orchestrator.machinery.schemas.fitting import fitting
from orchestrator.machinery.schemas.lists import list_faults
from orchestrator.machinery.schemas.pruning import prune
from orchestrator.machinery.schemas.rules import RuleNode, compile_rules, rule_faults
from orchestrator.machinery.schemas.schema import Schema, compile_schema
from orchestrator.machinery.schemas.validation import faults_of

__all__ = [
    "EmbeddedMisfit",
    "RuleNode",
    "Schema",
    "compile_rules",
    "compile_schema",
    "embedded_faults",
    "faults_of",
    "fitting",
    "list_faults",
    "prune",
    "rule_faults",
    "with_defaults",
    "with_metadata_read",
]
