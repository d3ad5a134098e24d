"""What Kubernetes fills in of the kinds of `networking`."""

from typing import Any

from orchestrator.api.networking.v1 import IngressClass, NetworkPolicy, NetworkPolicySpec
from orchestrator.apiserver.defaults.change import each, fill, put


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
