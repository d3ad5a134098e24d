"""From a scenario's sweep to its runs: every setting is loaded once before any run begins."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from msgspec import Struct

from orchestrator.scenario.errors import ScenarioError
from orchestrator.scenario.language import Spec, Sweep
from orchestrator.scenario.loading.loader import Loaded, load_text
from orchestrator.scenario.loading.parameters import settle
from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.measures.catalogue import SERVICE_LEVELS, titles_of
from orchestrator.scenario.report.page import parameters, plain_value

_WHERE: Final = "spec.sweep"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9=,.+-]+")
_LONGEST: Final = 100  # characters of a directory's name; file systems take 255 bytes


class PlannedRun(Struct, frozen=True):
    """One run: its setting (the swept parameters' values), all that is given to the scenario, its
    seed, and the directory of its report, a name that every file system takes.
    """

    setting: dict[str, Any]
    given: dict[str, Any]
    seed: int
    directory: str


class SweepPlan(Struct, frozen=True):
    """A sweep whose every run can be loaded. `processes` 0: as the machine has processors."""

    source: Source
    name: str
    description: str
    processes: int
    runs: tuple[PlannedRun, ...]
    expected: tuple[str, ...] = ()  # measures, those that the file names before the service levels'


def plan_sweep(source: Source, given: Mapping[str, Any], seed: int | None) -> SweepPlan | None:
    """The runs of a scenario with a sweep, settings in the file's order, of each one its seeds; None
    if it has no sweep.

    What is `given` fixes a parameter, swept or not; `seed` fixes the seed. Raises ScenarioError,
    which names the setting that cannot be loaded.
    """
    document = source.document()
    spec = document.get("spec")
    if not isinstance(spec, dict) or spec.get("sweep") is None:
        return None
    sweep = _sweep(source, document, given)
    values = {
        name: (given[name],) if name in given else several
        for name, several in sweep.parameters.items()
    }
    settings: list[dict[str, Any]] = []
    runs: list[tuple[dict[str, Any], int]] = []
    for chosen in _combinations(values):
        loaded = _load(source, given, chosen)  # what it holds, traces too, is let go again
        settings.append({name: loaded.parameters[name] for name in values})
        own = loaded.scenario.spec.seed
        seeds = (seed,) if seed is not None else sweep.seeds or (own,)
        runs += [(settings[-1], each) for each in seeds]
        metadata, expected = loaded.scenario.metadata, expected_measures(loaded.scenario.spec)
    _check_different(source, settings)
    return SweepPlan(
        source=source,
        name=metadata.name,
        description=metadata.description,
        processes=sweep.processes,
        runs=tuple(_planned(runs, given)),
        expected=expected,
    )


def expected_measures(spec: Spec) -> tuple[str, ...]:
    """What a scenario's measures are called of which it expects something."""
    levels = (name for level in spec.service_levels for name in SERVICE_LEVELS[level])
    return tuple(dict.fromkeys((*titles_of(spec.expect), *levels)))


def _sweep(source: Source, document: dict[str, Any], given: Mapping[str, Any]) -> Sweep:
    """The sweep as the file has it; expressions in it are those of the first setting."""
    spec = document["spec"]
    raw = spec["sweep"]
    swept = raw.get("parameters") if isinstance(raw, dict) else None
    swept = swept if isinstance(swept, dict) else {}
    declared = spec.get("parameters")
    known = declared if isinstance(declared, dict) else {}
    for name in swept:
        if name not in known:
            raise source.error(
                f"{_WHERE}.parameters.{name}",
                f"there is no parameter {name}; known are {', '.join(map(str, known)) or 'none'}",
            )
    first = {name: v[0] for name, v in swept.items() if isinstance(v, list) and v}
    with_sweep = {"spec": {"parameters": known, "sweep": raw}}
    settled, _ = settle(source, with_sweep, {**first, **given})
    sweep: Sweep = source.convert(settled["spec"]["sweep"], Sweep, _WHERE)
    if not sweep.parameters and not sweep.seeds:
        raise source.error(_WHERE, "expected parameters with their values, seeds, or both")
    for number, each in enumerate(sweep.seeds):
        if each in sweep.seeds[:number]:
            raise source.error(f"{_WHERE}.seeds[{number}]", f"the seed {each} stands there twice")
    return sweep


def _combinations(values: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for combination in product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def _load(source: Source, given: Mapping[str, Any], chosen: Mapping[str, Any]) -> Loaded:
    try:
        return load_text(source, {**given, **chosen})
    except ScenarioError as error:
        if not chosen:
            raise
        message = f"{error.message} (in the sweep's setting {parameters(chosen)})"
        raise ScenarioError(error.file, error.line, error.path, message) from None


def _check_different(source: Source, settings: Sequence[Mapping[str, Any]]) -> None:
    seen = set()
    for setting in settings:
        shown = parameters(setting)
        if shown in seen:
            raise source.error(f"{_WHERE}.parameters", f"the setting {shown} stands there twice")
        seen.add(shown)


def _planned(
    runs: Sequence[tuple[dict[str, Any], int]], given: Mapping[str, Any]
) -> Iterator[PlannedRun]:
    taken: set[str] = set()
    for setting, seed in runs:
        name = _directory({**setting, "seed": seed})
        unique, number = name, 1
        while unique.casefold() in taken:  # as file systems compare that ignore case
            number += 1
            unique = f"{name}-{number}"
        taken.add(unique.casefold())
        yield PlannedRun(setting, {**given, **setting}, seed, unique)


def _directory(values: Mapping[str, Any]) -> str:
    """`nodes=100,seed=1`."""
    text = ",".join(f"{name}={plain_value(value)}" for name, value in values.items())
    return _UNSAFE.sub("_", text)[:_LONGEST]
