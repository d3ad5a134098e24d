"""The kinds of `rbac`: a row each, which holds all that the server knows of it."""

from typing import Final

from orchestrator.api.rbac.v1 import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.kinds.rbac.defaults import (
    default_cluster_role_binding,
    default_role_binding,
)
from orchestrator.apiserver.kinds.rbac.tables import BINDINGS
from orchestrator.apiserver.kinds.rbac.validation import (
    CLUSTER_ROLE_BINDING_RULES,
    CLUSTER_ROLE_RULES,
    ROLE_BINDING_RULES,
    ROLE_RULES,
)
from orchestrator.apiserver.kinds.strategy import Traits

KINDS: Final[tuple[Kind, ...]] = (
    Kind(ClusterRole, rules=CLUSTER_ROLE_RULES, traits=Traits(create_on_update=True)),
    Kind(
        ClusterRoleBinding,
        rules=CLUSTER_ROLE_BINDING_RULES,
        default=default_cluster_role_binding,
        traits=Traits(create_on_update=True),
        table=BINDINGS,
    ),
    Kind(Role, rules=ROLE_RULES, traits=Traits(create_on_update=True)),
    Kind(
        RoleBinding,
        rules=ROLE_BINDING_RULES,
        default=default_role_binding,
        traits=Traits(create_on_update=True),
        table=BINDINGS,
    ),
)
