"""How a simulated container behaves, as data: latencies, life time, exit code, resource use.

A quantity of a profile is a number, or a distribution written as in `uniform(1, 3)`,
`exponential(5)` (its mean), `normal(3, 1)` (mean and deviation; never below zero),
`lognormal(60, 1.5)` (median, and the deviation of the logarithm) or `pareto(10, 1.2)` (least value, and
the exponent of the tail). A pod's annotations change the profile of its containers:

    simulation.orchestrator.dev/run-seconds: "exponential(30)"
    simulation.orchestrator.dev/exit-code: "1"
    simulation.orchestrator.dev/exit-code.web: "0"

The last is for the container `web` alone, whatever it is in its pod.
"""

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.machinery import quantities
from orchestrator.machinery.errors import QuantityError

ANNOTATION_PREFIX: Final = "simulation.orchestrator.dev/"
_DISTRIBUTION: Final = re.compile(r"(uniform|exponential|normal|lognormal|pareto)\(([^()]*)\)")
_ARGUMENTS: Final = {"uniform": 2, "exponential": 1, "normal": 2, "lognormal": 2, "pareto": 2}


class ProfileError(ValueError):
    """A profile's text is not what it should be; says which key, what it holds, what is right."""


class Distribution(Struct, frozen=True):
    """A random quantity. `constant` has one argument, its value."""

    kind: str
    arguments: tuple[float, ...]

    def draw(self, random: Random) -> float:
        """One value, never below zero. A constant draws nothing from `random`."""
        match self.kind:
            case "constant":
                return self.arguments[0]
            case "uniform":
                return random.uniform(*self.arguments)
            case "exponential":
                return random.expovariate(1.0 / self.arguments[0]) if self.arguments[0] else 0.0
            case "lognormal":
                median, deviation = self.arguments
                return median * math.exp(min(random.gauss(0.0, deviation), 100.0))
            case "pareto":
                least, exponent = self.arguments
                return least * random.paretovariate(exponent) if exponent else least
            case _:
                return max(0.0, random.gauss(*self.arguments))

    def mean(self) -> float:
        """The constant, or what one value is on average; of a tail without a mean its median."""
        first = self.arguments[0]
        return sum(self.arguments) / 2 if self.kind == "uniform" else first


def constant(value: float) -> Distribution:
    """The distribution that is always `value`."""
    return Distribution("constant", (value,))


_JOB: Final = constant(1.0)


class Profile(Struct, frozen=True):
    """The simulated life of a container. Times in seconds.

    `run_seconds` None: it runs until it is stopped, but for a Job's pod. An init container runs for
    `init_seconds` and ends well; a sidecar runs until it is stopped. `fail_probability` is the chance that a start
    ends in `exit_code` (or 1) instead of running. `pull_seconds` None: images are on the node already;
    `healthy_seconds` None: probes that succeed go on to. `cpu` is in cores, `memory` and
    `image_size` (what its image takes of the node's disk) in bytes, all written as quantities; None: nobody measures it.
    """

    start_seconds: Distribution = constant(1.0)
    ready_seconds: Distribution = constant(0.0)  # from started to ready
    stop_seconds: Distribution = constant(1.0)  # from the request to stop to the end
    run_seconds: Distribution | None = None
    init_seconds: Distribution = constant(1.0)
    exit_code: int = 0
    fail_probability: float = 0.0
    pull_seconds: Distribution | None = None
    pull_fail_probability: float = 0.0
    healthy_seconds: Distribution | None = None  # from ready until its probes fail
    log_line: str = ""  # may hold {n}, {time} and {host}
    log_seconds: Distribution | None = None  # between two of them; None: there is one
    cpu: Distribution | None = None
    memory: Distribution | None = None
    image_size: Distribution | None = None


_USUAL: Final = Profile()


def parse_distribution(text: str, number: Callable[[str], float] = float) -> Distribution:
    """The distribution that `text` writes, of numbers as `number` reads them. Raises ProfileError."""
    text = text.strip()
    match = _DISTRIBUTION.fullmatch(text)
    try:
        if match is None:
            arguments: tuple[float, ...] = (number(text),)
            kind = "constant"
        else:
            kind = match[1]
            arguments = tuple(number(part) for part in match[2].split(","))
            if len(arguments) != _ARGUMENTS[kind]:
                raise ValueError
        if not all(0 <= argument < 1e12 for argument in arguments):  # refuses NaN too
            raise ValueError
    except (ValueError, QuantityError):
        raise ProfileError(
            f'expected a number of at least 0, "uniform(low, high)", "exponential(mean)", '
            f'"normal(mean, deviation)", "lognormal(median, deviation)" or '
            f'"pareto(least, exponent)", got "{text}"'
        ) from None
    return Distribution(kind, arguments)


def with_annotations(profile: Profile, annotations: Mapping[str, str]) -> Profile:
    """`profile` as a pod's annotations change it for all its containers. Raises ProfileError naming the
    annotation.
    """
    changes = _changes(annotations)
    return _changed(profile, changes) if changes else profile


def for_container(profile: Profile, annotations: Mapping[str, str], name: str) -> Profile:
    """`profile` as the annotations change it that are for this container alone. Raises ProfileError."""
    changes = _changes(annotations, f".{name}")
    return _changed(profile, changes) if changes else profile


def _changes(annotations: Mapping[str, str], suffix: str = "") -> tuple[tuple[str, str], ...]:
    return tuple(
        (key.removeprefix(ANNOTATION_PREFIX).removesuffix(suffix), value)
        for key, value in annotations.items()
        if key.startswith(ANNOTATION_PREFIX)
        and (key.endswith(suffix) if suffix else "." not in key[len(ANNOTATION_PREFIX) :])
    )


@lru_cache(maxsize=1024)
def of_init_container(profile: Profile, sidecar: bool) -> Profile:
    """What the profile of a pod means for its init containers."""
    run = None if sidecar else profile.init_seconds
    return replace(profile, run_seconds=run, exit_code=0)


@lru_cache(maxsize=1024)
def of_job(profile: Profile) -> Profile:
    """What it means in a Job's pod, whose work comes to an end."""
    return profile if profile.run_seconds is not None else replace(profile, run_seconds=_JOB)


_AMOUNTS: Final = ("cpu", "memory", "image_size")  # which are quantities
_ENDS: Final = ("run_seconds", "init_seconds", "exit_code")


def decides_the_end(profile: Profile, annotations: Mapping[str, str], name: str) -> bool:
    """Whether somebody has said how the container ends, whatever its command is."""
    if _is_unusual(profile):
        return True
    if not annotations:
        return False
    told = [key for key, _ in (*_changes(annotations), *_changes(annotations, f".{name}"))]
    return any(key.replace("-", "_") in _ENDS for key in told)


@lru_cache(maxsize=1024)
def _is_unusual(profile: Profile) -> bool:
    return any(getattr(profile, field) != getattr(_USUAL, field) for field in _ENDS)


@lru_cache(maxsize=1024)
def ending(profile: Profile, seconds: float, code: int | None) -> Profile:
    """The profile of a container that ends after so many seconds with this code; None: it does not."""
    run = constant(seconds) if code is not None else None
    return replace(profile, run_seconds=run, exit_code=code or 0)


@lru_cache(maxsize=1024)
def _changed(profile: Profile, changes: tuple[tuple[str, str], ...]) -> Profile:
    for key, text in changes:
        field = key.replace("-", "_")
        if ("-" not in key and key not in _AMOUNTS) or field not in Profile.__struct_fields__:
            known = ", ".join(name.replace("_", "-") for name in Profile.__struct_fields__)
            raise ProfileError(f"annotation {ANNOTATION_PREFIX}{key}: unknown; known are {known}")
        try:
            profile = replace(profile, **{field: parse_field(field, text)})
        except ProfileError as error:
            raise ProfileError(f"annotation {ANNOTATION_PREFIX}{key}: {error}") from None
    return profile


def parse_field(field: str, text: str) -> Distribution | float | int | str:
    """The value that `text` gives a field of Profile. Raises ProfileError."""
    if field == "log_line":
        return text
    if field == "exit_code":
        if not text.isdecimal() or int(text) > 255:
            raise ProfileError(f'expected an integer from 0 to 255, got "{text}"')
        return int(text)
    if field.endswith("fail_probability"):
        chance = parse_distribution(text)
        if chance.kind != "constant" or chance.arguments[0] > 1:
            raise ProfileError(f'expected a number from 0 to 1, got "{text}"')
        return chance.arguments[0]
    return parse_distribution(text, _amount if field in _AMOUNTS else float)


def _amount(text: str) -> float:
    return float(quantities.parse(text.strip()))
