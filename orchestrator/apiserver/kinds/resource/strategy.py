"""Slices of devices: a taint without a time was added now, and what devices take of a node's resources is not kept."""

from typing import Any

from orchestrator.api.resource.v1 import Device, ResourceSlice
from orchestrator.api.scalars import EMPTY, Time
from orchestrator.apiserver.defaults.change import each, fill_zero, put
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.machinery.times import format_time


class SliceStrategy(Strategy):
    """Dates taints, and forgets fields of a feature that is switched off in Kubernetes as it comes."""

    def as_owned(self, sent: ResourceSlice) -> ResourceSlice:
        """Nobody owns a list that is not there."""
        return slice_to_store(sent)

    def prepare_for_create(self, new: Any, env: Environment) -> Any:
        """The slice with the times of its taints."""
        return super().prepare_for_create(_kept(_dated(new, env)), env)

    def prepare_for_update(self, new: Any, old: Any, env: Environment) -> Any:
        """The same of a changed one."""
        return super().prepare_for_update(_kept(_dated(new, env)), old, env)


def slice_to_store(piece: ResourceSlice) -> ResourceSlice:
    """The slice whose empty lists are none: that somebody said they are was judged."""
    spec = piece.spec
    return put(
        piece,
        spec=put(spec, devices=spec.devices or (), shared_counters=spec.shared_counters or ()),
    )


def _kept(piece: ResourceSlice) -> ResourceSlice:
    if not any(device.node_allocatable_resource_mappings for device in piece.spec.devices):
        return piece
    devices = each(
        piece.spec.devices, lambda device: put(device, node_allocatable_resource_mappings=EMPTY)
    )
    return put(piece, spec=put(piece.spec, devices=devices))


def _dated(piece: ResourceSlice, env: Environment) -> ResourceSlice:
    if not any(t.time_added is None for d in piece.spec.devices for t in d.taints):
        return piece
    now = format_time(env.now())
    return put(
        piece, spec=put(piece.spec, devices=each(piece.spec.devices, lambda d: _device(d, now)))
    )


def _device(device: Device, now: Time) -> Device:
    return put(device, taints=each(device.taints, lambda taint: fill_zero(taint, time_added=now)))
