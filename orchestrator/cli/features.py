"""The options `--feature-gates` and `--runtime-config`, as Kubernetes' components have them."""

from typing import Any, Final

import click

from orchestrator.cli.errors import InputError
from orchestrator.cli.groups import grouped
from orchestrator.cli.parameters import SwitchType

_WORDS: Final = {"true": True, "false": False}


class SwitchesType(SwitchType):
    """`Name=true,Other=false` as a mapping."""

    name = "switches"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, bool]:
        if isinstance(value, dict):
            return value
        found: dict[str, bool] = {}
        for each in filter(None, (part.strip() for part in value.split(","))):
            name, _, word = each.partition("=")
            if not name or word.lower() not in _WORDS:
                self.fail(f"{each!r} is no NAME=true or NAME=false", param, ctx)
            found[name] = _WORDS[word.lower()]
        return found


def checked(switches: dict[str, Any]) -> dict[str, Any]:
    """The options as `Cluster` takes them. Raises InputError."""
    from orchestrator.cluster.features import features_of

    try:
        features_of(switches["feature_gates"], switches["runtime_config"])
    except ValueError as error:
        raise InputError(str(error)) from None
    return switches


options = grouped(
    "switches",
    (
        click.option(
            "--feature-gates",
            type=SwitchesType(),
            default="",
            metavar="NAME=BOOL,...",
            help="Features to turn on that are off as they come: GenericWorkload, GangScheduling, "
            "MaxUnavailableStatefulSet.",
        ),
        click.option(
            "--runtime-config",
            type=SwitchesType(),
            default="",
            metavar="VERSION=BOOL,...",
            help="Versions of the API to serve that are off as they come: scheduling.k8s.io/v1alpha2.",
        ),
    ),
)
