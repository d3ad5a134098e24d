"""What whoever writes a slice of devices is told, though it is accepted."""

from orchestrator.api.resource.v1 import ResourceSlice
from orchestrator.apiserver.validation.warnings import Warnings
from orchestrator.machinery.field_errors import quote


def slice_warnings(new: ResourceSlice, _old: ResourceSlice | None) -> Warnings:
    """Of a driver whose name is not in small letters."""
    driver = new.spec.driver
    if driver != driver.lower():
        yield (
            "spec.driver: driver names should be lowercase; "
            f"{quote(driver)} contains uppercase characters"
        )
