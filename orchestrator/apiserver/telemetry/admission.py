"""What admission has done, by Kubernetes' names, about the writes that came by HTTPS.

The cluster's own components write without being counted: a count would cost each of their writes.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, Literal, TypeAlias

import numpy as np
from msgspec import Struct

from orchestrator.apiserver.telemetry.families import Histogram, Series

Step: TypeAlias = Literal["admit", "validate"]
WebhookKind: TypeAlias = Literal["admit", "validating"]
Mistake: TypeAlias = Literal["no_error", "calling_webhook_error", "apiserver_internal_error"]
PolicyKind: TypeAlias = Literal["validating", "mutating"]

_PREFIX: Final = "apiserver_admission_"
_STEP: Final = ("type", "operation", "rejected")
_NAMED: Final = ("name", *_STEP)
_SECONDS: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5)
_CHECK: Final = ("policy", "policy_binding", "error_type")
_CHECK_SECONDS: Final = (0.0000005, 0.001, 0.01, 0.1, 1.0)
_CONDITION: Final = ("name", "kind", "type", "operation")
_CONDITION_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25)
_CEL_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_POD: Final = ("request_operation", "resource", "subresource")
_LARGEST_CODE: Final = 600  # what a webhook says beyond this is this
_MANY: Final = 2048  # steps that are counted together


class Asked(Struct, frozen=True, eq=False):
    """The plugins that a step asks about writes of one sort.

    `told`: of which of them that is told, by their places (of all of them if empty); the others are asked again, and
    told of then. `whole`: the time of the step is told as well.
    """

    step: Step
    operation: str
    names: tuple[str, ...]
    told: tuple[bool, ...] = ()
    whole: bool = True


class AdmissionCounts:
    """Counters and histograms since the server began; `monotonic` answers seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._begin_with_plugins()
        self._begin_with_webhooks()
        self._begin_with_policies()
        self._begin_with_pod_security()

    def _begin_with_plugins(self) -> None:
        """Of the steps of writes, and of each plugin."""
        self._passed: dict[Asked, list[float]] = {}  # moments, so many to a write
        self._uncounted = 0  # steps whose moments these are
        self._let_by: dict[Asked, int] = {}
        step = f"{_PREFIX}step_admission_duration_seconds"
        self._steps = Histogram(step, "How long a write's step took.", _STEP, _SECONDS)
        self._plugins = Histogram(
            f"{_PREFIX}controller_admission_duration_seconds",
            "How long a plugin took.",
            _NAMED,
            _SECONDS,
        )

    def _begin_with_webhooks(self) -> None:
        """Of those outside of the cluster that are asked."""
        self._webhooks = Histogram(
            f"{_PREFIX}webhook_admission_duration_seconds",
            "How long a webhook took.",
            _NAMED,
            (*_SECONDS, 10.0, 25.0),
        )
        self._asked = Series(
            f"{_PREFIX}webhook_request_total", "Webhooks asked.", (*_NAMED[:3], "code", "rejected")
        )
        self._refused = Series(
            f"{_PREFIX}webhook_rejection_count",
            "Writes that a webhook refused, or that failed with it.",
            (*_NAMED[:3], "error_type", "rejection_code"),
        )
        self._opened = Series(
            f"{_PREFIX}webhook_fail_open_count",
            "Writes that went on without a webhook that failed.",
            ("name", "type"),
        )

    def _begin_with_policies(self) -> None:
        """Of policies, and of the expressions of both."""
        self._checks = {
            kind: (
                Series(f"apiserver_{kind}_admission_policy_check_total", "Policies asked.", labels),
                Histogram(
                    f"apiserver_{kind}_admission_policy_check_duration_seconds",
                    "How long a policy took.",
                    labels,
                    _CHECK_SECONDS,
                ),
            )
            for kind, labels in (
                ("validating", (*_CHECK, "enforcement_action")),
                ("mutating", _CHECK),
            )
        }
        condition = f"{_PREFIX}match_condition_"
        self._conditions = Histogram(
            f"{condition}evaluation_seconds",
            "How long match conditions took.",
            _CONDITION,
            _CONDITION_SECONDS,
        )
        self._excluded = Series(
            f"{condition}exclusions_total", "Writes that a condition let by.", _CONDITION
        )
        self._condition_errors = Series(
            f"{condition}evaluation_errors_total", "Conditions without a value.", _CONDITION
        )
        self._evaluations = Histogram(
            "apiserver_cel_evaluation_duration_seconds",
            "How long a policy's expressions took.",
            (),
            _CEL_SECONDS,
        )
        self._compilations = Histogram(
            "apiserver_cel_compilation_duration_seconds",
            "How long an expression took to compile.",
            (),
            _CEL_SECONDS,
        )

    def _begin_with_pod_security(self) -> None:
        """Of its judgements."""
        self._pods = Series(
            "pod_security_evaluations_total",
            "Judgements of Pod Security.",
            ("decision", "policy_level", "policy_version", "mode", *_POD),
        )
        self._exempt = Series("pod_security_exemptions_total", "Writes that it let by.", _POD)
        for operation in ("create", "update"):
            for what in ("pod", "controller"):
                self._exempt.set(0, operation, what, "")
        self._pod_errors = Series(
            "pod_security_errors_total", "Policies that could not be read.", ("fatal", *_POD)
        )

    # --- as writes go by -------------------------------------------------------------------

    def passed(self, asked: Asked, moments: list[float]) -> None:
        """A step has let a write pass; `moments`: when it began, and when each of its plugins had ended."""
        if len(moments) != len(asked.names) + 1:  # they were asked twice
            self._went(asked, moments, refused=False)
            return
        rows = self._passed.get(asked)
        if rows is None:
            rows = self._passed[asked] = []
        rows += moments
        self._uncounted += 1
        if self._uncounted >= _MANY:
            self._count()

    def let_by(self, asked: Asked) -> None:
        """A step has let a write pass of which none of its plugins has anything to say."""
        self._let_by[asked] = self._let_by.get(asked, 0) + 1

    def refused(self, asked: Asked, moments: list[float]) -> None:
        """The plugin has refused it whose end is not among the moments."""
        self._went(asked, [*moments, self.monotonic()], refused=True)

    def _went(self, asked: Asked, moments: list[float], *, refused: bool) -> None:
        """Count a single write, whose last plugin has refused it or not."""
        last = len(moments) - 2
        for place, (began, ended) in enumerate(pairwise(moments)):
            which, refuses = place % len(asked.names), refused and place == last
            if refuses or not asked.told or asked.told[which]:
                about = (asked.names[which], asked.step, asked.operation, _truth(refuses))
                self._plugins.observe(ended - began, *about)
        if asked.whole:
            self._steps.observe(
                moments[-1] - moments[0], asked.step, asked.operation, _truth(refused)
            )

    def _count(self) -> None:
        """Count all that have passed since this was done last."""
        for asked, rows in self._passed.items():
            about = (asked.step, asked.operation, _truth(False))
            moments = np.array(rows).reshape(-1, len(asked.names) + 1)
            seconds = np.diff(moments, axis=1)
            for place, name in enumerate(asked.names):
                if not asked.told or asked.told[place]:
                    self._plugins.observe_all(seconds[:, place], name, *about)
            if asked.whole:
                self._steps.observe_all(moments[:, -1] - moments[:, 0], *about)
        self._passed.clear()
        self._uncounted = 0
        for asked, number in self._let_by.items():
            about = (asked.step, asked.operation, _truth(False))
            for name in asked.names:
                self._plugins.weigh(0.0, number, name, *about)
            self._steps.weigh(0.0, number, *about)
        self._let_by.clear()

    def webhook(
        self,
        name: str,
        kind: WebhookKind,
        operation: str,
        seconds: float,
        *,
        code: int,
        mistake: Mistake = "no_error",
        refused: bool = False,
    ) -> None:
        """A webhook was asked, which took so long. `code` is that of its answer, 0 where there is none."""
        number, where = str(min(code, _LARGEST_CODE)), (name, kind, operation)
        self._asked.add(*where, number, _truth(refused))
        self._webhooks.observe(seconds, *where, _truth(refused))
        if refused:
            self._refused.add(*where, mistake, number)

    def failed_open(self, name: str, kind: WebhookKind) -> None:
        """A write went on without a webhook that could not be asked."""
        self._opened.add(name, kind)

    def policy(
        self,
        kind: PolicyKind,
        names: tuple[str, str],
        began: float,
        *,
        mistake: str,
        action: str = "",
    ) -> None:
        """A policy was asked by a binding (`names`: both), of a validating one with which `action`."""
        total, seconds = self._checks[kind]
        labels = (*names, mistake, action) if kind == "validating" else (*names, mistake)
        total.add(*labels)
        seconds.observe(self.monotonic() - began, *labels)

    def conditions(
        self, name: str, kind: str, step: str, operation: str, began: float, *, outcome: bool | None
    ) -> None:
        """Match conditions were evaluated: they hold, they do not, or (None) they have no value."""
        labels = (name, kind, step, operation)
        self._conditions.observe(self.monotonic() - began, *labels)
        if outcome is None:
            self._condition_errors.add(*labels)
        elif not outcome:
            self._excluded.add(*labels)

    def evaluated(self, began: float) -> None:
        """A policy's expressions were evaluated."""
        self._evaluations.observe(self.monotonic() - began)

    def compiled(self, seconds: float) -> None:
        """An expression was compiled that nobody had compiled before."""
        self._compilations.observe(seconds)

    def pods(self, decision: str, level: str, version: str, mode: str, *about: str) -> None:
        """Pod Security has judged; `about`: operation, resource, subresource."""
        self._pods.add(decision, level, version, mode, *about)

    def exempt(self, *about: str) -> None:
        """Pod Security has let something by."""
        self._exempt.add(*about)

    def unreadable(self, *about: str) -> None:
        """A namespace's labels of Pod Security are none."""
        self._pod_errors.add("false", *about)

    # --- for who asks ----------------------------------------------------------------------

    def families(self) -> Iterator[Series | Histogram]:
        """All of them."""
        self._count()
        for value in vars(self).values():
            if isinstance(value, Series | Histogram):
                yield value
        yield self._steps.summed_up(
            f"{self._steps.name}_summary", "How long a write's step took, summed up."
        )
        for total, seconds in self._checks.values():
            yield from (total, seconds)


def _truth(value: bool) -> str:
    return "true" if value else "false"
