"""Expressions in CEL about a token's claims, and about the user that is made of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from orchestrator.machinery.cel import EvaluationError, compile_expression, scope_of
from orchestrator.protocol import Identity

CLAIMS: Final = frozenset({"claims"})
USER: Final = frozenset({"user"})


class Refused(Exception):
    """A rule does not hold, or an expression has no value that counts."""


class Rule(Struct, frozen=True):
    """An expression that has to be true."""

    expression: str
    message: str = ""


class Expressions(Struct, frozen=True):
    """What of a user is made by expressions; "" and () of what is not."""

    name: str = ""
    group: str = ""
    identifier: str = ""
    extras: tuple[tuple[str, str], ...] = ()
    claim_rules: tuple[Rule, ...] = ()
    user_rules: tuple[Rule, ...] = ()

    def check_claims(self, claims: Mapping[str, Any]) -> None:
        """Raises Refused."""
        _check(self.claim_rules, CLAIMS, {"claims": dict(claims)})

    def username(self, claims: Mapping[str, Any]) -> str | None:
        """The user's name; None if no expression says it. Raises Refused for one that is no text, or empty."""
        if not self.name:
            return None
        found = _value(self.name, claims)
        if not isinstance(found, str) or not found:
            raise Refused("username")
        return found

    def groups(self, claims: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The groups; None if no expression says them. Raises Refused."""
        return _texts(_value(self.group, claims)) if self.group else None

    def uid(self, claims: Mapping[str, Any]) -> str | None:
        """The user's identifier; None if no expression says it. Raises Refused."""
        if not self.identifier:
            return None
        found = _value(self.identifier, claims)
        if not isinstance(found, str):
            raise Refused("uid")
        return found

    def extra(self, claims: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """What else is known of her; keys without a value are left out. Raises Refused."""
        found = {key: _texts(_value(text, claims)) for key, text in self.extras}
        return {key: values for key, values in found.items() if values}

    def check_user(self, user: Identity) -> None:
        """Raises Refused."""
        if self.user_rules:
            extra = {key: list(values) for key, values in (user.extra or {}).items()}
            shown = {
                "username": user.name,
                "groups": list(user.groups),
                "uid": user.uid,
                "extra": extra,
            }
            _check(self.user_rules, USER, {"user": shown})


def _check(rules: Sequence[Rule], known: frozenset[str], variables: Mapping[str, Any]) -> None:
    for rule in rules:
        try:
            held = compile_expression(rule.expression, scope_of(known)).value(variables)
        except EvaluationError as error:
            raise Refused(str(error)) from None
        if held is not True:
            raise Refused(rule.message or rule.expression)


def _value(text: str, claims: Mapping[str, Any]) -> Any:
    try:
        return compile_expression(text, scope_of(CLAIMS)).value({"claims": dict(claims)})
    except EvaluationError as error:
        raise Refused(str(error)) from None


def _texts(found: Any) -> tuple[str, ...]:
    """A text or several; what is empty does not count. Raises Refused."""
    if found is None:
        return ()
    if isinstance(found, str):
        return (found,) if found else ()
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return tuple(each for each in found if each)
    raise Refused("expected a text, or several")
