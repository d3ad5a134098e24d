"""Slices of devices: a taint without a time was added now."""

from typing import Any

from orchestrator.api.resource.v1 import Device, ResourceSlice
from orchestrator.api.scalars import Time
from orchestrator.apiserver.defaults.change import each, fill_zero, put
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.strategy import Strategy
from orchestrator.machinery.times import format_time


class SliceStrategy(Strategy):
    """Dates taints."""

    def prepare_for_create(self, new: Any, env: Environment) -> Any:
        """The slice with the times of its taints."""
        return super().prepare_for_create(_dated(new, env), env)

    def prepare_for_update(self, new: Any, old: Any, env: Environment) -> Any:
        """The same of a changed one."""
        return super().prepare_for_update(_dated(new, env), old, env)


def _dated(piece: ResourceSlice, env: Environment) -> ResourceSlice:
    if not any(t.time_added is None for d in piece.spec.devices for t in d.taints):
        return piece
    now = format_time(env.now())
    return put(
        piece, spec=put(piece.spec, devices=each(piece.spec.devices, lambda d: _device(d, now)))
    )


def _device(device: Device, now: Time) -> Device:
    return put(device, taints=each(device.taints, lambda taint: fill_zero(taint, time_added=now)))
