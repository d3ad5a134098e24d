"""References to whole objects, as events, volumes and statuses of CronJobs hold them."""

from typing import Any

from orchestrator.api.core.v1 import ObjectReference
from orchestrator.api.unstructured import Unstructured


def reference_to(obj: Any, field_path: str = "") -> ObjectReference:
    """A reference to an object, or a field of it, in the revision that it has; a custom resource says its kind itself."""
    metadata = obj.metadata
    described = obj if isinstance(obj, Unstructured) else type(obj)
    return ObjectReference(
        kind=described.kind,
        api_version=described.api_version,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
        field_path=field_path,
    )
