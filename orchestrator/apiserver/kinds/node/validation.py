"""Runtime classes."""

from typing import Final

from orchestrator.api.core.v1 import ResourceRequirements, Toleration
from orchestrator.api.node.v1 import RuntimeClass
from orchestrator.apiserver.kinds.core.pods.placement_validation import toleration_errors
from orchestrator.apiserver.validation.field import Errors, duplicate, immutable, named
from orchestrator.apiserver.validation.metadata import dns_label, label_errors
from orchestrator.apiserver.validation.resources import requirement_errors
from orchestrator.apiserver.validation.rules import CHANGE_AND_WHOLE, Rules


def _class_errors(runtime: RuntimeClass) -> Errors:
    yield from named("handler", runtime.handler, dns_label)
    if runtime.overhead is not None:
        limits = ResourceRequirements(limits=runtime.overhead.pod_fixed)
        yield from requirement_errors("overhead", limits)
    if runtime.scheduling is None:
        return
    yield from label_errors(runtime.scheduling.node_selector, "scheduling.nodeSelector")
    path, tolerations = "scheduling.tolerations", runtime.scheduling.tolerations
    yield from toleration_errors(path, tolerations)
    seen = set()
    for i, each in enumerate(tolerations):
        key = (each.key, each.operator, each.value, each.effect)
        if key in seen:
            yield duplicate(f"{path}[{i}]", _shown(each))
        seen.add(key)


def _shown(toleration: Toleration) -> dict[str, object]:
    # The original prints its own Go struct here.
    return {
        "Key": toleration.key or "",
        "Operator": toleration.operator or "",
        "Value": toleration.value or "",
        "Effect": toleration.effect or "",
        "TolerationSeconds": toleration.toleration_seconds,
    }


def _class_change_errors(new: RuntimeClass, old: RuntimeClass) -> Errors:
    yield from immutable("handler", new.handler, old.handler)


RUNTIME_CLASS_RULES: Final = Rules(
    spec=_class_errors,
    update=_class_change_errors,
    metadata_again=CHANGE_AND_WHOLE,
    any_finalizer=True,
)
