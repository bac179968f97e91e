"""Scenarios: several faults in one YAML file, with the observation that they play.

A file holds `name`, `what` (what it plays, one sentence), `observed` (the real observation and its source) and
`faults`, a list of mappings with the keys of `POST /__admin/faults`.
"""

import argparse
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from mock_national.faults import Fault, FaultBook, read_fault

SCENARIOS: Final = Path(__file__).parent / "scenarios"
_TEXTS: Final = ("name", "what", "observed")
_KEYS: Final = frozenset({*_TEXTS, "faults"})


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario whose faults were found to be well described."""

    name: str
    what: str
    observed: str
    faults: tuple[dict[str, object], ...]

    def arm(self, book: FaultBook) -> list[Fault]:
        """Arm all its faults, in order."""
        return [book.arm(dict(wanted)) for wanted in self.faults]

    def shown(self) -> dict[str, object]:
        """The scenario as the admin API shows it."""
        return {"name": self.name, "what": self.what, "observed": self.observed, "faults": list(self.faults)}


def read_scenario(text: str) -> Scenario:
    """The scenario that a YAML text describes.

    Raises:
        ValueError: says which key is wrong and why; a key of a fault is named `faults[n].key`, n from 1.
    """
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        message = f"yaml: cannot be read ({str(error).splitlines()[0]})"
        raise ValueError(message) from error
    if not isinstance(value, dict):
        message = "yaml: a mapping is wanted"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for every wrong file
    unknown = sorted(str(key) for key in value.keys() - _KEYS)
    if unknown:
        message = f"{unknown[0]}: unknown key"
        raise ValueError(message)
    for key in _TEXTS:
        if not isinstance(value.get(key), str) or not value[key].strip():
            message = f"{key}: text is wanted"
            raise ValueError(message)
    faults = value.get("faults")
    if not isinstance(faults, list) or not faults:
        message = "faults: a list with at least one fault is wanted"
        raise ValueError(message)
    return Scenario(
        value["name"].strip(),
        " ".join(value["what"].split()),
        " ".join(value["observed"].split()),
        tuple(_fault(number, wanted) for number, wanted in enumerate(faults, 1)),
    )


@cache
def shipped() -> dict[str, Scenario]:
    """The scenarios of the package by name, in the order of their names.

    Raises:
        ValueError: names the file that is wrong.
    """
    found: dict[str, Scenario] = {}
    for path in sorted(SCENARIOS.glob("*.yaml")):
        try:
            scenario = read_scenario(path.read_text(encoding="utf-8"))
        except ValueError as error:
            message = f"{path.name}: {error}"
            raise ValueError(message) from error
        if scenario.name != path.stem:
            message = f"{path.name}: name: must be the name of the file"
            raise ValueError(message)
        found[scenario.name] = scenario
    return found


def find_scenario(name: str) -> Scenario:
    """The shipped scenario of that name, or the one in that file (for the command line).

    Raises:
        argparse.ArgumentTypeError: when there is neither, or the file is wrong.
    """
    if name in shipped():
        return shipped()[name]
    try:
        return read_scenario(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{name}: {error}; shipped are {', '.join(shipped())}"
        raise argparse.ArgumentTypeError(message) from error


def _fault(number: int, wanted: object) -> dict[str, object]:
    if not isinstance(wanted, dict):
        message = f"faults[{number}]: a mapping is wanted"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for every wrong file
    try:
        read_fault(wanted, number, 0)
    except ValueError as error:
        message = f"faults[{number}].{error}"
        raise ValueError(message) from error
    return wanted
