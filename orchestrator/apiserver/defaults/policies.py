"""Defaults of access rules, network policies, autoscalers, webhooks and flows."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.admissionregistration.v1 import (
    MatchResources,
    MutatingWebhookConfiguration,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
)
from orchestrator.api.autoscaling import v1 as autoscaling_v1
from orchestrator.api.autoscaling import v2 as autoscaling_v2
from orchestrator.api.flowcontrol.v1 import FlowSchema, PriorityLevelConfiguration
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.api.networking.v1 import IngressClass, NetworkPolicy, NetworkPolicySpec
from orchestrator.api.rbac.v1 import (
    ClusterRoleBinding,
    RoleBinding,
    Subject,
)
from orchestrator.apiserver.defaults.change import each, fill, fill_zero, maybe, put

# --- access --------------------------------------------------------------------------------

_RBAC: Final = "rbac.authorization.k8s.io"


def default_role_binding(binding: RoleBinding) -> RoleBinding:
    """Roles, users and groups are RBAC's."""
    return put(
        binding,
        role_ref=fill(binding.role_ref, api_group=_RBAC),
        subjects=each(binding.subjects, _default_subject),
    )


def default_cluster_role_binding(binding: ClusterRoleBinding) -> ClusterRoleBinding:
    """Roles, users and groups are RBAC's."""
    return put(
        binding,
        role_ref=fill(binding.role_ref, api_group=_RBAC),
        subjects=each(binding.subjects, _default_subject),
    )


def _default_subject(subject: Subject) -> Subject:
    return fill(subject, api_group=_RBAC) if subject.kind in ("User", "Group") else subject


# --- network -------------------------------------------------------------------------------


def default_network_policy(policy: NetworkPolicy) -> NetworkPolicy:
    """A policy is about what comes in, and about what goes out if it says anything of that."""
    spec = policy.spec or NetworkPolicySpec()
    if not spec.policy_types:
        types = ("Ingress", "Egress") if spec.egress else ("Ingress",)
        spec = put(spec, policy_types=types)
    spec = put(
        spec,
        ingress=each(spec.ingress, _default_rule),
        egress=each(spec.egress, _default_rule),
    )
    return put(policy, spec=spec)


def _default_rule(rule: Any) -> Any:
    return put(rule, ports=each(rule.ports, _default_port))


def _default_port(port: Any) -> Any:
    return fill(port, protocol="TCP")


def default_ingress_class(ingress_class: IngressClass) -> IngressClass:
    """Parameters are the cluster's."""
    spec = ingress_class.spec
    if spec is None or spec.parameters is None:
        return ingress_class
    parameters = fill(spec.parameters, scope="Cluster")
    return put(ingress_class, spec=put(spec, parameters=parameters))


# --- autoscalers ---------------------------------------------------------------------------

_CPU_PERCENT: Final = 80
_PERIOD: Final = 15  # seconds
_DEFAULT_METRICS: Final = (
    autoscaling_v2.MetricSpec(
        type="Resource",
        resource=autoscaling_v2.ResourceMetricSource(
            name="cpu",
            target=autoscaling_v2.MetricTarget(
                type="Utilization", average_utilization=_CPU_PERCENT
            ),
        ),
    ),
)
_PODS: Final = autoscaling_v2.HPAScalingPolicy(type="Pods", value=4, period_seconds=_PERIOD)
_PERCENT: Final = autoscaling_v2.HPAScalingPolicy(type="Percent", value=100, period_seconds=_PERIOD)


def default_autoscaler(
    autoscaler: autoscaling_v2.HorizontalPodAutoscaler,
) -> autoscaling_v2.HorizontalPodAutoscaler:
    """At least one pod, by the use of CPU; double at once, or go down to what is needed."""
    spec = fill(autoscaler.spec or autoscaling_v2.HorizontalPodAutoscalerSpec(), min_replicas=1)
    if not spec.metrics:
        spec = put(spec, metrics=_DEFAULT_METRICS)
    behavior = spec.behavior
    if behavior is not None:
        up = fill(
            _default_scaling(behavior.scale_up, (_PODS, _PERCENT)), stabilization_window_seconds=0
        )
        down = _default_scaling(behavior.scale_down, (_PERCENT,))
        spec = put(spec, behavior=put(behavior, scale_up=up, scale_down=down))
    return put(autoscaler, spec=spec)


def _default_scaling(
    rules: autoscaling_v2.HPAScalingRules | None,
    policies: tuple[autoscaling_v2.HPAScalingPolicy, ...],
) -> autoscaling_v2.HPAScalingRules:
    rules = fill(rules or autoscaling_v2.HPAScalingRules(), select_policy="Max")
    return rules if rules.policies else put(rules, policies=policies)


def default_autoscaler_v1(
    autoscaler: autoscaling_v1.HorizontalPodAutoscaler,
) -> autoscaling_v1.HorizontalPodAutoscaler:
    """At least one pod."""
    spec = autoscaler.spec or autoscaling_v1.HorizontalPodAutoscalerSpec()
    return put(autoscaler, spec=fill(spec, min_replicas=1))


# --- webhooks and policies -----------------------------------------------------------------

_ALL: Final = LabelSelector()
_WEBHOOK: Final[Mapping[str, Any]] = {
    "failure_policy": "Fail",
    "match_policy": "Equivalent",
    "namespace_selector": _ALL,
    "object_selector": _ALL,
    "timeout_seconds": 10,
}


def default_validating_webhooks(
    configuration: ValidatingWebhookConfiguration,
) -> ValidatingWebhookConfiguration:
    """Webhooks see everything that their rules name, and must answer."""
    return put(configuration, webhooks=each(configuration.webhooks, _default_webhook))


def default_mutating_webhooks(
    configuration: MutatingWebhookConfiguration,
) -> MutatingWebhookConfiguration:
    """The same; they are asked once."""

    def default(webhook: Any) -> Any:
        return fill(_default_webhook(webhook), reinvocation_policy="Never")

    return put(configuration, webhooks=each(configuration.webhooks, default))


def _default_webhook(webhook: Any) -> Any:
    webhook = fill(webhook, **_WEBHOOK)
    config = webhook.client_config
    if config is not None and config.service is not None:
        config = put(config, service=fill(config.service, port=443))
    return put(webhook, client_config=config, rules=each(webhook.rules, _default_scope))


def _default_scope(rule: Any) -> Any:
    return fill(rule, scope="*")


def _default_match(match: MatchResources) -> MatchResources:
    match = fill(match, match_policy="Equivalent", namespace_selector=_ALL, object_selector=_ALL)
    return put(
        match,
        resource_rules=each(match.resource_rules, _default_scope),
        exclude_resource_rules=each(match.exclude_resource_rules, _default_scope),
    )


def default_admission_policy(policy: ValidatingAdmissionPolicy) -> ValidatingAdmissionPolicy:
    """A policy that cannot be asked refuses."""
    spec = policy.spec
    if spec is None:
        return policy
    spec = fill(spec, failure_policy="Fail")
    constraints = maybe(spec.match_constraints, _default_match)
    return put(policy, spec=put(spec, match_constraints=constraints))


def default_admission_binding(
    binding: ValidatingAdmissionPolicyBinding,
) -> ValidatingAdmissionPolicyBinding:
    """A binding is about everything that the policy is about."""
    spec = binding.spec
    if spec is None:
        return binding
    return put(binding, spec=put(spec, match_resources=maybe(spec.match_resources, _default_match)))


# --- flows ---------------------------------------------------------------------------------


def default_flow_schema(schema: FlowSchema) -> FlowSchema:
    """In the middle of the order."""
    if schema.spec is None:
        return schema
    return put(schema, spec=fill_zero(schema.spec, matching_precedence=1000))


def default_priority_level(level: PriorityLevelConfiguration) -> PriorityLevelConfiguration:
    """Shares and queues of a usual size."""
    spec = level.spec
    if spec is None:
        return level
    exempt, limited = spec.exempt, spec.limited
    if exempt is not None:
        exempt = fill(exempt, nominal_concurrency_shares=0, lendable_percent=0)
    if limited is not None:
        limited = fill(limited, nominal_concurrency_shares=30, lendable_percent=0)
        response = limited.limit_response
        if response is not None and response.queuing is not None:
            queuing = fill_zero(response.queuing, hand_size=8, queues=64, queue_length_limit=50)
            limited = put(limited, limit_response=put(response, queuing=queuing))
    return put(level, spec=put(spec, exempt=exempt, limited=limited))
