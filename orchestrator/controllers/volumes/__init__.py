"""PersistentVolumes and the claims to them: bound one to one, made on demand, given back.

`matching.py` says which volume suits a claim, `claims.py` binds claims and has volumes made for them,
`volumes.py` keeps the phase of volumes and gives back what is released, `attachments.py` attaches them to nodes. What a
CSI driver brings along is here for simulated disks: `provisioner.py` makes them at once, as many as are asked for,
`expansion.py` lets them grow and gives them other attributes.
"""

from orchestrator.controllers.volumes.attachments import (
    AttachDetachController,
    AttachmentReporter,
    CsiNodeController,
    SimulatedAttacher,
)
from orchestrator.controllers.volumes.claims import ClaimBinder
from orchestrator.controllers.volumes.expansion import ExpandController, SimulatedResizer
from orchestrator.controllers.volumes.provisioner import SimulatedProvisioner
from orchestrator.controllers.volumes.volumes import VolumeKeeper

__all__ = [
    "AttachDetachController",
    "AttachmentReporter",
    "ClaimBinder",
    "CsiNodeController",
    "ExpandController",
    "SimulatedAttacher",
    "SimulatedProvisioner",
    "SimulatedResizer",
    "VolumeKeeper",
]
