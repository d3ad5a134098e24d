"""Pod Security: the three levels of https://kubernetes.io/docs/concepts/security/pod-security-standards/.

`policies` reads from a namespace's labels which level is enforced, audited and warned of; `baseline` and
`restricted` hold the checks, `checks` says which of them stand for a level in a version; `plugin` asks them.
"""

from orchestrator.apiserver.admission.pod_security.plugin import PodSecurity
from orchestrator.apiserver.admission.pod_security.policies import Exemptions, Policy

__all__ = ["Exemptions", "PodSecurity", "Policy"]
