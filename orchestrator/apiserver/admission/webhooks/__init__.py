"""Webhooks: those outside who are asked about writes, as their configurations say.

`matching` says which webhooks a write concerns, `reviews` what they are asked and what their answers
mean, `calling` how they are reached; `mutating` and `validating` are the two plugins. A webhook is an
HTTPS server, or a function of the embedding program in the place of one.

Follows https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/. Calls
follow no redirects: whoever may write a configuration could have the server ask anybody.
"""

from orchestrator.apiserver.admission.webhooks.calling import Handler
from orchestrator.apiserver.admission.webhooks.mutating import MutatingAdmissionWebhook
from orchestrator.apiserver.admission.webhooks.validating import ValidatingAdmissionWebhook

__all__ = ["Handler", "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"]
