"""What Kubernetes fills in of the kinds of `storage`."""

from orchestrator.api.storage.v1 import CSIDriver, StorageClass
from orchestrator.apiserver.defaults.change import fill, put


def default_storage_class(storage_class: StorageClass) -> StorageClass:
    """Volumes are bound at once, and deleted with their claim."""
    return fill(storage_class, reclaim_policy="Delete", volume_binding_mode="Immediate")


def default_driver(driver: CSIDriver) -> CSIDriver:
    """What a driver that says nothing can do."""
    spec = fill(
        driver.spec,
        attach_required=True,
        pod_info_on_mount=False,
        storage_capacity=False,
        fs_group_policy="ReadWriteOnceWithFSType",
        requires_republish=False,
        se_linux_mount=False,
    )
    if not spec.volume_lifecycle_modes:
        spec = put(spec, volume_lifecycle_modes=("Persistent",))
    # One field is switched off in Kubernetes as it comes, which forgets it.
    return put(driver, spec=put(spec, prevent_pod_scheduling_if_missing=None))
