"""Probes and lifecycle hooks of containers: one handler each, and its timing."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import (
    ExecAction,
    HTTPGetAction,
    Lifecycle,
    LifecycleHandler,
    Probe,
)
from orchestrator.apiserver.validation.field import (
    Errors,
    complaints,
    forbidden,
    invalid,
    nonnegative,
    not_supported,
    required,
)
from orchestrator.machinery.names import (
    http_header_errors,
    port_name_errors,
    port_number_errors,
)

_SCHEMES: Final = ("HTTP", "HTTPS")
_TIMES: Final = (
    ("initial_delay_seconds", "initialDelaySeconds"),
    ("timeout_seconds", "timeoutSeconds"),
    ("period_seconds", "periodSeconds"),
    ("success_threshold", "successThreshold"),
    ("failure_threshold", "failureThreshold"),
)
_WINDOWS_SIGNALS: Final = ("SIGKILL", "SIGTERM")
_LINUX_SIGNALS: Final = tuple(
    sorted(
        f"SIG{name}"
        for name in (
            "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT "
            "SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ "
            "RTMIN RTMAX "
            + " ".join(f"RTMIN+{i}" for i in range(1, 16))
            + " "
            + " ".join(f"RTMAX-{i}" for i in range(1, 15))
        ).split()
    )
)


def liveness_errors(path: str, probe: Probe | None, grace: int | None) -> Errors:
    """A liveness or startup probe, which one success satisfies."""
    if probe is None:
        return
    yield from probe_errors(path, probe, grace)
    if probe.success_threshold != 1:
        yield invalid(f"{path}.successThreshold", probe.success_threshold or 0, "must be 1")


def readiness_errors(path: str, probe: Probe | None, grace: int | None) -> Errors:
    """A readiness probe, which never ends a container."""
    if probe is None:
        return
    yield from probe_errors(path, probe, grace)
    if probe.termination_grace_period_seconds is not None:
        where = f"{path}.terminationGracePeriodSeconds"
        detail = "must not be set for readinessProbes"
        yield invalid(where, probe.termination_grace_period_seconds, detail)


def probe_errors(path: str, probe: Probe, grace: int | None) -> Errors:
    """What all probes must keep. `grace`: the pod's grace period in seconds."""
    handlers = {
        "exec": probe.exec,
        "httpGet": probe.http_get,
        "tcpSocket": probe.tcp_socket,
        "grpc": probe.grpc,
    }
    yield from _handler_errors(path, handlers, grace)
    for attribute, wire in _TIMES:
        yield from nonnegative(f"{path}.{wire}", getattr(probe, attribute))
    own = probe.termination_grace_period_seconds
    if own is not None and own <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", own, "must be greater than 0")


def lifecycle_errors(path: str, lifecycle: Lifecycle, grace: int | None, os: str | None) -> Errors:
    """The hooks after a container's start and before its stop, and its stop signal."""
    hooks = {"postStart": lifecycle.post_start, "preStop": lifecycle.pre_stop}
    for name, hook in hooks.items():
        if hook is not None:
            yield from _hook_errors(f"{path}.{name}", hook, grace)
    if lifecycle.stop_signal is not None:
        yield from _signal_errors(f"{path}.stopSignal", lifecycle.stop_signal, os)


def _hook_errors(path: str, hook: LifecycleHandler, grace: int | None) -> Errors:
    handlers = {
        "exec": hook.exec,
        "httpGet": hook.http_get,
        "tcpSocket": hook.tcp_socket,
        "sleep": hook.sleep,
    }
    yield from _handler_errors(path, handlers, grace)


def _signal_errors(path: str, signal: str, os: str | None) -> Errors:
    if os is None:
        yield forbidden(path, "may not be set for containers with empty `spec.os.name`")
        return
    supported = _WINDOWS_SIGNALS if os == "windows" else _LINUX_SIGNALS
    if signal not in supported:
        yield not_supported(path, signal, supported)


# --- handlers ------------------------------------------------------------------------------


def _handler_errors(path: str, handlers: Mapping[str, Any], grace: int | None) -> Errors:
    given = [(name, handler) for name, handler in handlers.items() if handler is not None]
    if not given:
        yield required(path, "must specify a handler type")
        return
    name, handler = given[0]
    yield from _one_handler_errors(f"{path}.{name}", name, handler, grace)
    for name, _ in given[1:]:
        yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")


def _one_handler_errors(path: str, name: str, handler: Any, grace: int | None) -> Errors:
    match name:
        case "exec":
            yield from _exec_errors(path, handler)
        case "httpGet":
            yield from _http_errors(path, handler)
        case "tcpSocket" | "grpc":
            yield from port_errors(f"{path}.port", handler.port)
        case "sleep":
            if grace is not None and not 0 <= handler.seconds <= grace:
                detail = (
                    f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                )
                yield invalid(path, handler.seconds, detail)


def _exec_errors(path: str, action: ExecAction) -> Errors:
    if not action.command:
        yield required(f"{path}.command")


def _http_errors(path: str, action: HTTPGetAction) -> Errors:
    if not action.path:
        yield required(f"{path}.path")
    yield from port_errors(f"{path}.port", action.port)
    if action.scheme not in _SCHEMES:
        yield not_supported(f"{path}.scheme", action.scheme or "", _SCHEMES)
    for header in action.http_headers:
        messages = http_header_errors(header.name)
        yield from complaints(f"{path}.httpHeaders", header.name, messages)


def port_errors(path: str, port: int | str | None) -> Errors:
    """A port by its number or by its name."""
    if isinstance(port, str):
        yield from complaints(path, port, port_name_errors(port))
    else:
        yield from complaints(path, port or 0, port_number_errors(port or 0))
