"""The options that say what is written of requests, and where to, named as kube-apiserver's are."""

from collections.abc import AsyncIterator, Callable, Mapping
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
    from orchestrator.apiserver.http.audit import Audit, AuditPolicy, ComponentAudit
    from orchestrator.apiserver.peers import Peer

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
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
    click.option(
        "--audit-webhook-config-file",
        type=_FILE,
        metavar="FILE",
        help="A kubeconfig of the service that is sent the audit log.",
    ),
    click.option(
        "--audit-webhook-batch-max-size", type=click.IntRange(1), default=400, show_default=True
    ),
    click.option(
        "--audit-webhook-batch-max-wait", default="30s", show_default=True, metavar="DURATION"
    ),
)
options = grouped("auditing", _OPTIONS)


class Auditing:
    """What the options say, read before anything begins. Raises InputError."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        from orchestrator.machinery.times import parse_duration

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
        self._size: int = given["audit_webhook_batch_max_size"]
        try:
            self._wait = parse_duration(given["audit_webhook_batch_max_wait"])
        except ValueError as error:
            raise InputError(f"--audit-webhook-batch-max-wait: {error}") from None

    @asynccontextmanager
    async def begun(self, clock: "Clock") -> "AsyncIterator[Audit | None]":
        """The audit, with its file and its connection, until the end of the block. Raises InputError."""
        if self._policy is None:
            yield None
            return
        from orchestrator.apiserver.http.audit import Audit, AuditLog, AuditWebhook, Batching

        sinks: list[Callable[[Mapping[str, Any]], None]] = []
        async with AsyncExitStack() as stack:
            if self._log is not None:
                try:
                    sinks.append(stack.enter_context(AuditLog(self._log)))
                except OSError as error:
                    raise InputError(f"{self._log}: {error.strerror}") from None
            if self._peer is not None:
                batching = Batching(size=self._size, wait=self._wait)
                sinks.append(
                    await stack.enter_async_context(AuditWebhook(self._peer, clock, batching))
                )

            def tell(event: Mapping[str, Any]) -> None:
                for sink in sinks:
                    sink(event)

            yield Audit(self._policy, tell, self.components)


def _components() -> "ComponentAudit":
    from orchestrator.apiserver.http.audit import ComponentAudit

    return ComponentAudit()


def _policy(path: Path) -> "AuditPolicy":
    from orchestrator.apiserver.http.audit import InvalidAuditPolicy, load_policy

    return read(path, load_policy, InvalidAuditPolicy)
