"""PersistentVolumes and the claims to them: bound one to one, made on demand, given back.

`matching.py` says which volume suits a claim, `claims.py` binds claims and has volumes made for them,
`volumes.py` keeps the phase of volumes and gives back what is released, `provisioner.py` is the simulated
one: disks of no bytes, at once, as many as are asked for; `attachments.py` attaches them to nodes, `expansion.py` lets them grow.
"""

from orchestrator.controllers.volumes.attachments import (
    AttachDetachController,
    CsiNodeController,
    SimulatedAttacher,
)
from orchestrator.controllers.volumes.claims import ClaimBinder
from orchestrator.controllers.volumes.expansion import ExpandController, SimulatedResizer
from orchestrator.controllers.volumes.volumes import VolumeKeeper

__all__ = [
    "AttachDetachController",
    "ClaimBinder",
    "CsiNodeController",
    "ExpandController",
    "SimulatedAttacher",
    "SimulatedResizer",
    "VolumeKeeper",
]
