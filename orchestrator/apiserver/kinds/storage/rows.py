"""The kinds of `storage`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.storage.v1 import (
    CSIDriver,
    CSINode,
    CSIStorageCapacity,
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
)
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.storage.defaults import default_driver, default_storage_class
from orchestrator.apiserver.kinds.storage.driver_validation import (
    CAPACITY_RULES,
    DRIVER_RULES,
    NODE_RULES,
)
from orchestrator.apiserver.kinds.storage.strategy import DriverStrategy
from orchestrator.apiserver.kinds.storage.tables import (
    ATTACHMENTS,
    ATTRIBUTES_CLASSES,
    CLASSES,
    DRIVERS,
    NODES,
)
from orchestrator.apiserver.kinds.storage.validation import (
    ATTACHMENT_RULES,
    ATTRIBUTES_CLASS_RULES,
    STORAGE_CLASS_RULES,
)
from orchestrator.apiserver.kinds.storage.warnings import (
    capacity_warnings,
    driver_warnings,
    storage_class_warnings,
)
from orchestrator.apiserver.kinds.strategy import STRICT

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        CSIDriver,
        warnings=driver_warnings,
        rules=DRIVER_RULES,
        default=default_driver,
        strategy=DriverStrategy,
        traits=STRICT,
        table=DRIVERS,
        answers_deleted=True,
    ),
    Kind(CSINode, rules=NODE_RULES, traits=STRICT, table=NODES, answers_deleted=True),
    Kind(CSIStorageCapacity, warnings=capacity_warnings, rules=CAPACITY_RULES, traits=STRICT),
    Kind(
        StorageClass,
        warnings=storage_class_warnings,
        rules=STORAGE_CLASS_RULES,
        default=default_storage_class,
        table=CLASSES,
        answers_deleted=True,
    ),
    Kind(
        VolumeAttachment,
        rules=ATTACHMENT_RULES,
        traits=STRICT,
        table=ATTACHMENTS,
        answers_deleted=True,
        resets=STATUS_ALONE,
    ),
    Kind(
        VolumeAttributesClass,
        rules=ATTRIBUTES_CLASS_RULES,
        table=ATTRIBUTES_CLASSES,
        answers_deleted=True,
    ),
)
