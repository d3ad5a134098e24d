"""The kinds of `networking`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.networking.v1 import (
    Ingress,
    IngressClass,
    IPAddress,
    NetworkPolicy,
    ServiceCIDR,
)
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.networking.address_validation import (
    ADDRESS_RULES,
    SERVICE_RANGE_RULES,
)
from orchestrator.apiserver.kinds.networking.defaults import (
    default_ingress_class,
    default_network_policy,
)
from orchestrator.apiserver.kinds.networking.ingress_validation import (
    INGRESS_CLASS_RULES,
    INGRESS_RULES,
)
from orchestrator.apiserver.kinds.networking.policy_validation import NETWORK_POLICY_RULES
from orchestrator.apiserver.kinds.networking.tables import (
    ADDRESSES,
    CIDRS,
    INGRESS_CLASSES,
    INGRESSES,
    POLICIES,
)
from orchestrator.apiserver.kinds.networking.warnings import (
    ingress_status_warnings,
    ingress_warnings,
    network_policy_warnings,
)
from orchestrator.apiserver.kinds.resets import STATUS_ALONE
from orchestrator.apiserver.kinds.strategy import OBSERVED, Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(IPAddress, rules=ADDRESS_RULES, table=ADDRESSES),
    Kind(
        Ingress,
        warnings=ingress_warnings,
        status_warnings=ingress_status_warnings,
        rules=INGRESS_RULES,
        traits=OBSERVED,
        table=INGRESSES,
    ),
    Kind(
        IngressClass,
        rules=INGRESS_CLASS_RULES,
        default=default_ingress_class,
        traits=OBSERVED,
        table=INGRESS_CLASSES,
    ),
    Kind(
        NetworkPolicy,
        warnings=network_policy_warnings,
        rules=NETWORK_POLICY_RULES,
        default=default_network_policy,
        traits=Traits(generation=True, empties_count=True),
        table=POLICIES,
    ),
    Kind(ServiceCIDR, rules=SERVICE_RANGE_RULES, table=CIDRS, resets=STATUS_ALONE),
)
