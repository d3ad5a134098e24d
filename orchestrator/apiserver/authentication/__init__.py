"""Tokens of service accounts: made, bound, and known again.

| file | what it is |
|---|---|
| `keys` | the key that signs, and what of it everybody may see |
| `tokens` | who issues, for whom, for how long: a server's own tokens |
| `claims` | what a token says of its account, and whether that is still so |

A token is a JWT. Signing is a library's (joserfc), imported with the first token, since most clusters never
see one.
"""

from orchestrator.apiserver.authentication.claims import TokenError
from orchestrator.apiserver.authentication.tokens import ISSUER, AskIssuer, Tokens

__all__ = ["ISSUER", "AskIssuer", "TokenError", "Tokens"]
