"""PodSecurity: judges pods, warns of workloads whose pods would be refused, checks namespaces' labels."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.core.v1 import Namespace, Pod, PodSpec
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.scheme import Resource
from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import (
    AdmissionPlugin,
    AdmissionRequest,
    Operation,
    Reader,
)
from orchestrator.apiserver.admission.pod_security.checks import in_detail, in_short, violations
from orchestrator.apiserver.admission.pod_security.policies import (
    PREFIX,
    PRIVILEGED,
    Exemptions,
    Level,
    Policy,
    is_labelled,
    policy_of,
    read_configuration,
)
from orchestrator.machinery.field_errors import quote
from orchestrator.machinery.owners import controller_of

_NAMESPACES: Final = "namespaces"
_PODS: Final = "pods"
_WORKLOADS: Final = frozenset(
    {
        "replicationcontrollers",
        "podtemplates",
        "replicasets.apps",
        "deployments.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
    }
)
# All other subresources of a pod are the pod, and may change its spec.
_IGNORED: Final = frozenset(
    {"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"}
)
_MOST_PODS: Final = 3000  # that are looked at when a namespace becomes stricter
_NO_LABELS: Final[Mapping[str, str]] = {}


class PodSecurity(AdmissionPlugin):
    """`default` is the policy of namespaces that say nothing; `exemptions` are not judged."""

    name = "PodSecurity"
    asks = (Namespace,)
    notes = True  # the level of pods' namespaces

    def __init__(self, default: Policy = Policy(), exemptions: Exemptions = Exemptions()) -> None:  # noqa: B008 - frozen
        self._default = default
        self._exemptions = exemptions

    @classmethod
    def configured(cls, configuration: Mapping[str, Any]) -> "PodSecurity":
        """By a PodSecurityConfiguration. Raises ValueError."""
        return cls(*read_configuration(configuration))

    def handles(self, operation: Operation, resource: Resource, subresource: str) -> bool:
        """As `AdmissionPlugin.handles`."""
        if operation not in ("CREATE", "UPDATE"):
            return False
        if resource.key == _PODS:
            return subresource not in _IGNORED
        return not subresource and resource.key in (_NAMESPACES, *_WORKLOADS)

    def wakes(self, obj: Any) -> bool:
        """A namespace whose labels speak of it; every one, if silence does not mean privileged."""
        return not self._default.allows_everything or is_labelled(obj.metadata.labels)

    def validate(self, request: AdmissionRequest, reader: Reader) -> None:
        """Errors: Forbidden (a pod), Invalid (a namespace's labels)."""
        key = request.resource.key
        if key == _NAMESPACES:
            self._judge_namespace(request, reader)
        elif request.namespace in self._exemptions.namespaces:
            self._exempt(request, "namespace")
        elif request.identity.name in self._exemptions.usernames:
            self._exempt(request, "user")
        elif key == _PODS:
            self._judge_pod(request, reader)
        else:
            self._judge_workload(request, reader)

    # --- pods ------------------------------------------------------------------------------

    def _judge_pod(self, request: AdmissionRequest, reader: Reader) -> None:
        policy = self._policy(request, reader)
        if policy.allows_everything:
            self._note(request, "enforce-policy", str(Level()))
            _count(request, "allow", policy.enforce, "enforce")
            return
        pod, old = request.object, request.old_object
        if request.operation == "UPDATE" and not _has_new_images(pod, old):
            return
        self._judge(request, policy, pod.metadata, pod.spec or PodSpec(), enforce=True)

    def _judge_workload(self, request: AdmissionRequest, reader: Reader) -> None:
        policy = self._policy(request, reader)
        if policy.warn.name == policy.audit.name == PRIVILEGED:
            return
        template = _template_of(request.object)
        if template is not None:
            spec = template.spec or PodSpec()
            metadata = template.metadata or ObjectMeta()
            self._judge(request, policy, metadata, spec, enforce=False)

    def _policy(self, request: AdmissionRequest, reader: Reader) -> Policy:
        namespace = reader.get(Namespace, request.namespace)
        labels = _NO_LABELS if namespace is None else namespace.metadata.labels
        policy, faults = policy_of(labels, self._default)
        if faults:
            words = ", ".join(map(str, faults))
            self._note(request, "error", f"Failed to parse policy: {words}")
            if request.counts is not None:
                request.counts.unreadable(*_about(request))
        return policy

    def _judge(
        self,
        request: AdmissionRequest,
        policy: Policy,
        metadata: ObjectMeta,
        spec: PodSpec,
        *,
        enforce: bool,
    ) -> None:
        if spec.runtime_class_name and spec.runtime_class_name in self._exemptions.runtime_classes:
            self._exempt(request, "runtimeClass")
            return
        refusal = ""
        if enforce:
            self._note(request, "enforce-policy", str(policy.enforce))
            refusal = _words(policy.enforce, metadata, spec)
            _count(request, "deny" if refusal else "allow", policy.enforce, "enforce")
        audited = _words(policy.audit, metadata, spec)
        if audited:
            _count(request, "deny", policy.audit, "audit")
            self._note(request, "audit-violations", f"would violate {audited}")
        if refusal:
            raise errors.forbidden(request.resource, request.name, f"violates {refusal}")
        warning = _words(policy.warn, metadata, spec)
        if warning and request.warn is not None:
            _count(request, "deny", policy.warn, "warn")
            request.warn(f"would violate {warning}")

    # --- namespaces ------------------------------------------------------------------------

    def _judge_namespace(self, request: AdmissionRequest, reader: Reader) -> None:
        namespace, old = request.object, request.old_object
        policy, faults = policy_of(namespace.metadata.labels, self._default)
        before, old_faults = policy_of(_NO_LABELS, self._default)
        if old is not None:
            before, old_faults = policy_of(old.metadata.labels, self._default)
        if faults and faults != old_faults:
            raise errors.invalid_field(request.resource, request.name, *faults)
        if old is not None and not _is_stricter(policy.enforce, before.enforce):
            return
        if request.name in self._exemptions.namespaces:
            self._warn_of_exemption(request, policy)
        elif old is not None and request.warn is not None:
            for text in self._warnings_of_pods(request.name, policy.enforce, reader):
                request.warn(text)

    def _warn_of_exemption(self, request: AdmissionRequest, policy: Policy) -> None:
        if policy.allows_everything or policy.is_equivalent(self._default) or request.warn is None:
            return
        labels = request.object.metadata.labels
        said = ", ".join(
            f"{mode}={level}"
            for mode in ("enforce", "audit", "warn")
            if (level := getattr(policy, mode)).name != PRIVILEGED
            and (f"{PREFIX}{mode}" in labels or f"{PREFIX}{mode}-version" in labels)
        )
        request.warn(
            f"namespace {quote(request.name)} is exempt from Pod Security, "
            f"and the policy ({said}) will be ignored"
        )

    def _warnings_of_pods(self, namespace: str, level: Level, reader: Reader) -> list[str]:
        """What the new level would not allow of the pods that are there; each fault once."""
        pods = self._by_priority(list(reader.list(Pod, namespace)))
        checked = pods[:_MOST_PODS]
        faulty: dict[str, list[str]] = {}
        for pod in checked:
            found = violations(level, pod.metadata, pod.spec or PodSpec())
            if found:
                faulty.setdefault(in_short(found), []).append(pod.metadata.name)
        warnings = []
        if len(checked) < len(pods):
            warnings.append(
                "new PodSecurity enforce level only checked against "
                f"the first {len(checked)} of {len(pods)} existing pods"
            )
        if faulty:
            warnings.append(
                f"existing pods in namespace {quote(namespace)} violate "
                f"the new PodSecurity enforce level {quote(str(level))}"
            )
        return warnings + sorted(f"{_some(names)}: {why}" for why, names in faulty.items())

    def _by_priority(self, pods: list[Pod]) -> list[Pod]:
        """One pod of each controller, then the others."""
        first: list[Pod] = []
        rest: list[Pod] = []
        seen: set[str] = set()
        for pod in pods:
            if pod.spec and pod.spec.runtime_class_name in self._exemptions.runtime_classes:
                continue
            owner = controller_of(pod)
            if owner is not None and owner.uid in seen:
                rest.append(pod)
                continue
            first.append(pod)
            if owner is not None:
                seen.add(owner.uid)
        return first + rest

    def _exempt(self, request: AdmissionRequest, why: str) -> None:
        self._note(request, "exempt", why)
        if request.counts is not None:
            request.counts.exempt(*_about(request))

    def _note(self, request: AdmissionRequest, key: str, value: str) -> None:
        """For the audit log."""
        if request.annotate is not None:
            request.annotate(PREFIX + key, value)


def _about(request: AdmissionRequest) -> tuple[str, str, str]:
    """A write as the metrics speak of it."""
    what = {_PODS: "pod", _NAMESPACES: "namespace"}.get(request.resource.key, "controller")
    return request.operation.lower(), what, request.subresource


def _count(request: AdmissionRequest, decision: str, level: Level, mode: str) -> None:
    if request.counts is not None:
        version = "latest" if level.name == PRIVILEGED else str(level).partition(":")[2]
        request.counts.pods(decision, level.name, version, mode, *_about(request))


def _words(level: Level, metadata: ObjectMeta, spec: PodSpec) -> str:
    """What the level does not allow; "" if it allows the pod."""
    found = violations(level, metadata, spec)
    return f"PodSecurity {quote(str(level))}: {in_detail(found)}" if found else ""


def _is_stricter(new: Level, old: Level) -> bool:
    """Whether a namespace's pods may violate what it enforces now."""
    if new == old or new.name == PRIVILEGED:
        return False
    return new.minor != old.minor or new.strictness > old.strictness


def _some(names: list[str]) -> str:
    first, others = min(names), len(names) - 1
    if not others:
        return first
    return f"{first} (and {others} other pod{'' if others == 1 else 's'})"


def _template_of(obj: Any) -> Any:
    """The template of a workload's pods; None where it has none."""
    holder = obj.spec if hasattr(obj, "spec") else obj
    if holder is None:
        return None
    if hasattr(holder, "job_template"):
        holder = holder.job_template.spec if holder.job_template is not None else None
    return None if holder is None else holder.template


def _has_new_images(pod: Pod, old: Pod) -> bool:
    """Whether an update may matter: of what is checked, only images and new containers can change."""
    new_spec, old_spec = pod.spec or PodSpec(), old.spec or PodSpec()
    for field in ("containers", "init_containers"):
        new, present = getattr(new_spec, field), getattr(old_spec, field)
        if [each.image for each in new] != [each.image for each in present]:
            return True
    known = {each.name: each.image for each in old_spec.ephemeral_containers}
    return any(known.get(each.name) != each.image for each in new_spec.ephemeral_containers)
