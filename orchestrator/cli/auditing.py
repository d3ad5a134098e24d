"""The options that say what is written of requests, and where to, named as kube-apiserver's are."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from orchestrator.cli.errors import InputError
from orchestrator.cli.files import read
from orchestrator.cli.groups import grouped
from orchestrator.cli.peers import peer_of

if TYPE_CHECKING:
    from actors import Clock
    from orchestrator.apiserver.http.audit import (
        Audit,
        AuditPolicy,
        Backend,
        ComponentAudit,
        Sink,
    )
    from orchestrator.apiserver.peers import Peer

_DURATIONS: Final = ("_max_wait", "_initial_backoff")
_SHOWN: Final[Mapping[str, Any]] = {"show_default": True}
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_MODES: Final = ("batch", "blocking", "blocking-strict")


def _plugin(name: str, mode: str, size: str, *, throttled: bool) -> tuple[Any, ...]:
    """The options of how events come to a file or a server, with their defaults."""
    whole, rate = click.IntRange(1), click.FloatRange(0, min_open=True)
    return (
        click.option(
            f"--audit-{name}-mode",
            type=click.Choice(_MODES),
            default=mode,
            show_default=True,
            help="Whether requests wait until their events are kept; blocking-strict also ends those whose are not.",
        ),
        *(
            click.option(f"--audit-{name}-batch-{what}", type=kind, default=default, **_SHOWN)
            for what, kind, default in (
                ("buffer-size", whole, "10000"),
                ("max-size", whole, size),
                ("max-wait", str, "30s"),
                ("throttle-enable", bool, throttled),
                ("throttle-qps", rate, "10"),
                ("throttle-burst", whole, "15"),
            )
        ),
        click.option(
            f"--audit-{name}-truncate-enabled",
            is_flag=True,
            help="Whether events that are too large are cut, and batches divided.",
        ),
        *(
            click.option(
                f"--audit-{name}-truncate-max-{what}-size", type=whole, default=most, **_SHOWN
            )
            for what, most in (("event", 102_400), ("batch", 10_485_760))
        ),
    )


_OPTIONS: Final = (
    click.option(
        "--audit-policy-file",
        type=_FILE,
        metavar="FILE",
        help="What is written of requests into the audit log: a Policy of audit.k8s.io/v1.",
    ),
    click.option(
        "--audit-log-path",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        metavar="FILE",
        help="Where to write the audit log; - is the standard output.",
    ),
    *(
        click.option(
            f"--audit-log-{what}", type=click.IntRange(0), default=default, help=text, **_SHOWN
        )
        for what, default, text in (
            (
                "maxsize",
                100,
                "The most megabytes of the file before a new one is begun; 0 is no end.",
            ),
            ("maxbackup", 100, "How many old files are kept; 0 is all of them."),
            ("maxage", 366, "For how many days old files are kept; 0 is for ever."),
        )
    ),
    click.option("--audit-log-compress", is_flag=True, help="Compress old files by gzip."),
    click.option(
        "--audit-webhook-config-file",
        type=_FILE,
        metavar="FILE",
        help="A kubeconfig of the service that is sent the audit log.",
    ),
    click.option(
        "--audit-webhook-initial-backoff",
        default="10s",
        show_default=True,
        metavar="DURATION",
        help="How long to wait before the first failed request is tried again.",
    ),
    *_plugin("log", "blocking", "1", throttled=False),
    *_plugin("webhook", "batch", "400", throttled=True),
)
options = grouped("auditing", _OPTIONS)


class Auditing:
    """What the options say, read before anything begins. Raises InputError."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        path: Path | None = given["audit_policy_file"]
        webhook: Path | None = given["audit_webhook_config_file"]
        self._log: Path | None = given["audit_log_path"]
        if (path is None) != (self._log is None and webhook is None):
            raise InputError(
                "--audit-policy-file and --audit-log-path or --audit-webhook-config-file come together"
            )
        self._policy = None if path is None else _policy(path)
        self.components = None if path is None else _components()
        self._peer: Peer | None = None if webhook is None else peer_of(webhook)
        self._given: dict[str, Any] = {
            name: _seconds(name, value) if name.endswith(_DURATIONS) else value
            for name, value in given.items()
        }

    @asynccontextmanager
    async def begun(self, clock: "Clock") -> "AsyncIterator[Audit | None]":
        """The audit, with its file and its connection, until the end of the block. Raises InputError."""
        if self._policy is None:
            yield None
            return
        from orchestrator.apiserver.http.audit import (
            Audit,
            AuditLog,
            AuditWebhook,
            Rotation,
            union,
        )

        lost: Counter[str] = Counter()
        sinks: list[Sink] = []
        async with AsyncExitStack() as stack:
            if self._log is not None:
                strict = self._given["audit_log_mode"] == "blocking-strict"
                rotation = Rotation(
                    megabytes=self._given["audit_log_maxsize"],
                    files=self._given["audit_log_maxbackup"],
                    days=self._given["audit_log_maxage"],
                    compress=self._given["audit_log_compress"],
                )
                try:
                    log = stack.enter_context(
                        AuditLog(self._log, lost, strict=strict, rotation=rotation, now=clock.now)
                    )
                except OSError as error:
                    raise InputError(f"{self._log}: {error.strerror}") from None
                direct = self._given["audit_log_mode"] != "batch"
                direct = direct and not self._given["audit_log_truncate_enabled"]
                sinks.append(log if direct else await self._sink("log", log, clock, lost, stack))
            if self._peer is not None:
                pause: float = self._given["audit_webhook_initial_backoff"]
                webhook = AuditWebhook(self._peer, clock, pause)
                sinks.append(await self._sink("webhook", webhook, clock, lost, stack))

            yield Audit(self._policy, union(sinks), self.components, lost)

    async def _sink(
        self,
        name: str,
        backend: "Backend",
        clock: "Clock",
        lost: "Counter[str]",
        stack: AsyncExitStack,
    ) -> "Sink":
        """What takes events for a backend, as its mode wants it."""
        from orchestrator.apiserver.http.audit import (
            Batching,
            Blocking,
            Buffered,
            Truncated,
            Truncation,
        )

        def given(what: str) -> Any:
            return self._given[f"audit_{name}_{what}"]

        if given("truncate_enabled"):
            most = Truncation(given("truncate_max_event_size"), given("truncate_max_batch_size"))
            backend = Truncated(backend, most, lost)

        if given("mode") != "batch":
            return Blocking(backend, lost, strict=given("mode") == "blocking-strict")
        batching = Batching(
            buffer=given("batch_buffer_size"),
            size=given("batch_max_size"),
            wait=given("batch_max_wait"),
            rate=given("batch_throttle_qps") if given("batch_throttle_enable") else None,
            burst=given("batch_throttle_burst"),
            parallel=name == "webhook",
        )
        return await stack.enter_async_context(Buffered(backend, clock, lost, batching))


def _seconds(name: str, given: str) -> float:
    """Raises InputError."""
    from orchestrator.machinery.times import parse_duration

    try:
        return parse_duration(given)
    except ValueError as error:
        raise InputError(f"--{name.replace('_', '-')}: {error}") from None


def _components() -> "ComponentAudit":
    from orchestrator.apiserver.http.audit import ComponentAudit

    return ComponentAudit()


def _policy(path: Path) -> "AuditPolicy":
    from orchestrator.apiserver.http.audit import InvalidAuditPolicy, load_policy

    return read(path, load_policy, InvalidAuditPolicy)
