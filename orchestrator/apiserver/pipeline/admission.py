"""The steps that ask the admission plugins; the one place where they are told of a write.

A plugin that looks outside of the cluster answers a `Wait`. Validators of this kind are asked in their turn,
after those before them, which must not let a webhook see what they refuse. Then what was counted out is
confirmed, and all that do not wait are asked (again), so that from their checks of other objects to the
commit nothing can change.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from msgspec.structs import replace

from orchestrator.apiserver.admission.interface import AdmissionPlugin, AdmissionRequest, Rounds
from orchestrator.apiserver.admission.webhooks.converting import asking
from orchestrator.apiserver.authorization import Access, Attributes
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.versions import Unconverted
from orchestrator.apiserver.pipeline.counting import counted_step
from orchestrator.apiserver.pipeline.course import Course
from orchestrator.apiserver.pipeline.draft import Decision, Draft, Step, Wait
from orchestrator.apiserver.telemetry.admission import Asked
from orchestrator.machinery import service_accounts
from orchestrator.machinery.cel.authorization import Question
from orchestrator.protocol import AUTHENTICATED, ApiError, Create, Identity


def admit(course: Course) -> tuple[Step, ...]:
    """Let the plugins change the object. Errors: what they raise."""
    plugins = course.served.mutating(course.operation, course.subresource)
    if course.operation == "DELETE":
        plugins = tuple(plugin for plugin in plugins if plugin.admits_deletions)
    if not plugins:
        return ()
    again, request_of = any(plugin.asks for plugin in plugins), _requests(course)
    names = tuple(plugin.name for plugin in plugins)
    asked = Asked("admit", course.operation, names)

    def step(env: Environment, draft: Draft) -> Decision:
        request = draft.request = request_of(draft)
        if again:
            request.rounds = Rounds()
        if draft.message.warn is not None:  # it came by HTTPS
            counts = request.counts = env.counts
            return counted_step(counts, asked, _admit, env, draft, request, plugins, iter(plugins))
        return _admit(env, draft, request, plugins, iter(plugins))

    return (step,)


def _admit(
    env: Environment,
    draft: Draft,
    request: AdmissionRequest,
    plugins: tuple[AdmissionPlugin, ...],
    left: Iterator[AdmissionPlugin],
    moments: list[float] | None = None,
) -> Decision:
    """`moments`: of a write that is counted, when each plugin has ended."""
    monotonic = env.counts.monotonic
    for plugin in left:
        try:
            answer = plugin.admit(request, env)
        except Unconverted as missing:
            answer = _asked_again(plugin, request, env, missing)
        if type(answer) is Wait:
            return _later(answer, partial(_admitted, env, draft, request, plugins, left, moments))
        request.object = answer
        if moments is not None:
            moments.append(monotonic())
    rounds = request.rounds
    if rounds is not None and rounds.again and not rounds.second:
        rounds.second = True
        return _admit(env, draft, request, plugins, iter(plugins), moments)
    draft.new = request.object
    if request.operation == "CREATE" and not request.subresource:
        draft.name = draft.new.metadata.name  # somebody may have changed it
    return None


def _asked_again(
    plugin: AdmissionPlugin, request: AdmissionRequest, env: Environment, missing: Unconverted
) -> Wait:
    """What a plugin makes of the object when the version is known in which it needs it."""

    def again(error: ApiError | None) -> Any:
        if error is not None:
            raise error
        try:
            return plugin.admit(request, env)
        except Unconverted as another:
            return _asked_again(plugin, request, env, another)

    return asking(env, missing.question, again)


def _admitted(
    env: Environment,
    draft: Draft,
    request: AdmissionRequest,
    plugins: tuple[AdmissionPlugin, ...],
    left: Iterator[AdmissionPlugin],
    moments: list[float] | None,
    answer: Any,
) -> Decision:
    """A plugin has its answer from outside; the next ones are asked."""
    request.object = answer
    if moments is not None:
        moments.append(env.counts.monotonic())
    return _admit(env, draft, request, plugins, left, moments)


def review(course: Course) -> tuple[Step, ...]:
    """Let the plugins refuse the final object. Errors: what they raise."""
    return _review(course, waiting=False)


def review_outside(course: Course) -> tuple[Step, ...]:
    """Let the plugins refuse it that ask outside of the cluster. Errors: what they raise."""
    return _review(course, waiting=True)


def _asked(
    plugins: tuple[AdmissionPlugin, ...], *, waiting: bool
) -> tuple[tuple[AdmissionPlugin, ...], bool]:
    """Those that such a step asks, and whether it is where most of validation's time goes."""
    last = max((i for i, plugin in enumerate(plugins) if plugin.waits), default=-1)
    if waiting:
        return tuple(plugin for plugin in plugins[: last + 1] if not plugin.counts), True
    return tuple(plugin for plugin in plugins if not plugin.waits), last < 0


def _review(course: Course, *, waiting: bool) -> tuple[Step, ...]:
    served, operation, part = course.served, course.operation, course.subresource
    plugins, _ = _asked(served.validating(operation, part), waiting=waiting)
    every, whole = _asked(served.validating(operation, part, noting=True), waiting=waiting)
    if not every:
        return ()
    request_of = _requests(course)
    # Those that have their say later are told of then.
    told = tuple(plugin.waits or not waiting for plugin in every)
    names = tuple(plugin.name for plugin in every)
    asked = Asked("validate", operation, names, told, whole)
    if not waiting and whole and not plugins and not any(plugin.notes for plugin in every):
        return (_letting_by(asked),)

    def step(env: Environment, draft: Draft) -> Decision:
        if draft.message.warn is None and not plugins:
            return None
        request = draft.request
        if request is None:
            request = draft.request = request_of(draft)
        request.object, request.name = draft.new, draft.name
        if draft.message.warn is not None:
            request.counts = env.counts
        quiet = request
        if waiting:
            # What these have to say they say when they are asked for good.
            quiet = replace(request, warn=None, annotate=None, counts=None)
        if request.counts is None:
            return _validate(env, request, iter(plugins), quiet)
        return counted_step(request.counts, asked, _validate, env, request, iter(every), quiet)

    return (step,)


def _letting_by(asked: Asked) -> Step:
    """The step of plugins of which none has anything to say of such writes: only the metrics hear of it."""

    def step(env: Environment, draft: Draft) -> None:
        if draft.message.warn is not None:
            env.counts.let_by(asked)

    return step


def _validate(
    env: Environment,
    request: AdmissionRequest,
    plugins: Iterator[AdmissionPlugin],
    of_others: AdmissionRequest,
    moments: list[float] | None = None,
) -> Decision:
    """Ask plugins; those that do not wait are asked `of_others`, and for good as well if they refuse it."""
    monotonic = env.counts.monotonic
    for plugin in plugins:
        if plugin.waits:
            answer = plugin.validate(request, env)
        else:
            try:
                answer = plugin.validate(of_others, env)
            except ApiError:
                if of_others is not request:
                    plugin.validate(request, env)  # it will not be asked later
                raise
        if answer is not None:
            return _later(answer, partial(_validated, env, request, plugins, of_others, moments))
        if moments is not None:
            moments.append(monotonic())
    return None


def _validated(
    env: Environment,
    request: AdmissionRequest,
    plugins: Iterator[AdmissionPlugin],
    of_others: AdmissionRequest,
    moments: list[float] | None,
    _nothing: Any,
) -> Decision:
    """A plugin has nothing against it, as was found outside; the next ones are asked."""
    if moments is not None:
        moments.append(env.counts.monotonic())
    return _validate(env, request, plugins, of_others, moments)


def _later(wait: Wait, go_on: Callable[[Any], Decision]) -> Wait:
    """Wait, let the plugin make its answer of the result, and go on with that."""

    def then(result: Any) -> Decision:
        answer = wait.then(result)
        return _later(answer, go_on) if type(answer) is Wait else go_on(answer)

    return Wait(wait.effect, then)


def _requests(course: Course) -> Callable[[Draft], AdmissionRequest]:
    """Makes what plugins see of a course's writes."""
    operation, resource, subresource = course.operation, course.served.resource, course.subresource
    as_part, begins = course.as_part, operation == "CREATE"
    allows = partial(_ask, course.access) if course.access is not None else None

    def request_of(draft: Draft) -> AdmissionRequest:
        message, name, old = draft.message, draft.name, None
        if not begins:
            old = draft.old if as_part is None else as_part(draft.old)
        elif not subresource:
            name = _name_so_far(message, name)
        return AdmissionRequest(
            operation=operation,
            resource=resource,
            name=name,
            identity=message.identity,
            namespace=draft.namespace,
            subresource=subresource,
            object=draft.new,
            old_object=old,
            dry_run=message.dry_run,
            warn=message.warn,
            allows=allows,
            annotate=message.annotate,
            message=message,
            owners=draft.owners if as_part is None else None,  # they are the whole object's
        )

    return request_of


def _name_so_far(message: Any, name: str) -> str:
    """The name, which refusals tell; of what is to be called by a prefix, until it is final, that."""
    given = message.object.metadata if type(message) is Create else None
    if given is not None and given.generate_name and not given.name:
        return str(given.generate_name)
    return name


def _account(user: str) -> Identity:
    """A service account that an expression names."""
    found = service_accounts.split(user)
    groups = service_accounts.groups_of(found[0]) if found else ()
    return Identity(user, (*groups, AUTHENTICATED))


def _ask(access: Access, identity: Identity, question: Question) -> tuple[bool, str]:
    """Whether somebody may do something, for the expressions of policies."""
    who = _account(question.user) if question.user else identity
    decision = access.decide(
        who,
        Attributes(
            question.verb,
            question.group,
            question.resource,
            question.subresource,
            question.namespace,
            question.name,
            question.path,
            is_resource=not question.path,
        ),
    )
    return decision.allowed, decision.reason
