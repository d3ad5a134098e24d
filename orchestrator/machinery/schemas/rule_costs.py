"""Whether the rules of a definition are worth what they may cost: each of them, and all together."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from orchestrator.machinery.cel import CompileError
from orchestrator.machinery.cel.costs import estimate
from orchestrator.machinery.cel.expressions import Expression, check_program, examined
from orchestrator.machinery.cel.prices import MOST
from orchestrator.machinery.cel.types import BOOL, STRING
from orchestrator.machinery.field_errors import FieldError, forbidden
from orchestrator.machinery.schemas.rule_types import Declared, RuleTypes

_MOST_A_RULE: Final = 10_000_000
_MOST_TOGETHER: Final = 100_000_000
_LISTED: Final = 4
_ADVICE: Final = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and "
    "strings are declared)"
)


class Costs(Struct, frozen=True):
    """What evaluating a rule may cost, and its message, as often as their value can be there.

    `transition`: whether the rule looks at what was there before.
    """

    rule: int
    transition: bool
    message: int | None = None


class Budget:
    """What the rules of one definition cost together."""

    def __init__(self, document: Mapping[str, Any], *, forgiving: bool = False) -> None:
        """`forgiving`: the schema was there before, so that no single rule is too dear."""
        self.types = RuleTypes(document)
        self._forgiving = forgiving
        self._total = 0
        self._dear: list[tuple[int, str]] = []

    def spend(self, where: str, cost: int, what: str) -> Iterator[FieldError]:
        """Note what an expression costs, and say if that is too much for one."""
        self._total = min(self._total + cost, MOST)
        if cost >= _MOST_TOGETHER // 100:
            dear = [*self._dear, (cost, where)]
            self._dear = sorted(dear, key=lambda each: -each[0])[:_LISTED]
        if cost > _MOST_A_RULE and not self._forgiving:
            yield forbidden(where, _too_dear(what, cost, _MOST_A_RULE))

    def overspent(self, where: str) -> Iterator[FieldError]:
        """Which rules cost the most, if all together cost too much."""
        if self._total <= _MOST_TOGETHER:
            return
        contributed = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        for _, rule in self._dear:
            yield forbidden(rule, contributed)
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        yield forbidden(where, _too_dear(what, self._total, _MOST_TOGETHER))


def _too_dear(what: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = f"{factor:.1f}x"
    if factor > 100:
        shown = "more than 100x"
    elif factor < 1.5:
        shown = f"{factor:f}x"
    return f"{what} exceeds budget by factor of {shown} {_ADVICE}"


def costs_of(
    rule: Mapping[str, Any], declared: Declared, types: RuleTypes, cardinality: int | None
) -> Costs:
    """The costs of a rule; `cardinality` is how often its value can be there, None: as often as it fits.

    Raises CompileError, also for what the types of the schema do not allow.
    """
    scope = types.scope(declared, optional_old=bool(rule.get("optionalOldSelf")))
    text = str(rule.get("rule") or "")
    parsed, checked = examined(text, scope)
    if checked.gives != BOOL:
        raise CompileError("cel expression must evaluate to a bool")
    transition = Expression(text, parsed, checked).uses("oldSelf")
    often = declared.cardinality if cardinality is None else cardinality
    cost = min(estimate(parsed.tree, checked, declared.size_at) * often, MOST)
    said = str(rule.get("messageExpression") or "")
    if not said.strip():
        return Costs(cost, transition)
    try:
        parsed, checked = examined(said, scope)
        if checked.gives != STRING:
            raise MessageError("messageExpression must evaluate to a string", cost)
        check_program(parsed, checked)
    except MessageError:
        raise
    except CompileError as error:
        raise MessageError(f"messageExpression compilation failed: {error}", cost) from error
    return Costs(cost, transition, estimate(parsed.tree, checked, declared.size_at))


class MessageError(CompileError):
    """The rule is sound, and costs so much; its message is not."""

    def __init__(self, message: str, cost: int) -> None:
        super().__init__(message, about_message=True)
        self.cost = cost
