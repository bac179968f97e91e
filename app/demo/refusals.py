"""Were the wrong records refused as ``expected.json`` foretells, each by name, and nothing else?"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.demo.client import Json, LineAnswer
from app.demo.compare import id_of


@dataclass(slots=True)
class Verdict:
    """Refusals that came as foretold, at the portal and at the door; ``surprises`` says what came otherwise."""

    portal: int = 0
    door: int = 0
    surprises: list[str] = field(default_factory=list)


def foretold(file: Path) -> list[Json]:
    """The list ``wrong`` of ``expected.json``: ``name, line, refused_by (door, portal), reason, dossier, step_id``."""
    wrong: list[Json] = json.loads(file.read_text("utf-8"))["wrong"]
    return wrong


def judge(
    wrong: Sequence[Json], lines: Sequence[bytes], refused: Sequence[LineAnswer], claims: Mapping[str, Json]
) -> Verdict:
    """Hold what happened against what was foretold.

    Args:
        wrong: what was foretold.
        lines: the wrong records, by line.
        refused: answers to lines that the door refused.
        claims: the gateway's deliveries by record id.
    """
    verdict = Verdict()
    answers = {answer.number: answer for answer in refused}
    rejected = {name for name, claim in claims.items() if claim["state"] == "rejected"}
    for item in wrong:
        if item["refused_by"] == "door":
            answer = answers.pop(item["line"], None)
            met = answer.slug if answer else "taken"
            verdict.door += met == item["reason"]
        else:
            name = id_of(json.loads(lines[item["line"] - 1]))
            met = _met(claims.get(name))
            rejected.discard(name)
            verdict.portal += met == item["reason"]
        if met != item["reason"]:
            verdict.surprises.append(f"{item['name']}: foretold {item['reason']} ({item['refused_by']}), met {met}")
    verdict.surprises += [f"wrong.ndjson:{n}: {answer.slug} was not foretold" for n, answer in answers.items()]
    verdict.surprises += [f"{name}: {_met(claims[name])} was not foretold" for name in sorted(rejected)]
    return verdict


def _met(claim: Json | None) -> str:
    """The field that the portal complained about, or what became of the delivery instead."""
    if claim is None:
        return "no delivery"
    if claim["state"] != "rejected":
        return str(claim["state"])
    return str(claim["answer_field"] or claim["answer_message"])
