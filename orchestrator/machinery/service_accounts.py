"""Service accounts as users: their names, and the groups that they are in."""

from typing import Final

from orchestrator.machinery import names

PREFIX: Final = "system:serviceaccount:"
_ALL: Final = "system:serviceaccounts"


def user_name(namespace: str, name: str) -> str:
    """The user that a service account is."""
    return f"{PREFIX}{namespace}:{name}"


def groups_of(namespace: str) -> tuple[str, ...]:
    """The groups of the service accounts of a namespace; all users with a name are in one more."""
    return (_ALL, f"{_ALL}:{namespace}")


def split(user: str) -> tuple[str, str] | None:
    """The namespace and the name of a service account; None for other users."""
    if not user.startswith(PREFIX):
        return None
    namespace, colon, name = user.removeprefix(PREFIX).partition(":")
    if not colon or ":" in name:
        return None
    if names.dns1123_label_errors(namespace) or names.dns1123_subdomain_errors(name):
        return None
    return namespace, name
