"""The one table and ``demo.json``."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from app.demo.client import LineAnswer
from app.demo.documents import Documents
from app.demo.drive import Audit
from app.demo.officers import Officers
from app.demo.persons import PersonChecks
from app.demo.texts import TEXTS, both

_SHOWN: Final = 20
_ROWS: Final = (
    "handed_over", "delivered", "refused", "refused_expected", "held_back", "superseded", "door_refused",
    "door_refused_expected", "documents", "results", "links_published", "links_fetched", "links_wrong", "lookups",
    "scans_avoided", "once_only_checks", "papers_not_asked", "fields_prefilled", "fields_asked", "redundant",
    "redundant_planted", "lost", "doubled", "out_of_order", "stale", "foreign", "misreported", "persons_asked",
    "worker_restarts", "seconds",
)  # fmt: skip
# These are zero, or something is wrong.
_FAULTS: Final = frozenset({"lost", "doubled", "out_of_order", "stale", "foreign", "misreported", "links_wrong"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures: counts of records, except ``seconds``; ``right`` only if the ledger is exactly right.

    ``refused`` counts refusals by the portal, ``door_refused`` those by the gateway; ``…_expected`` those that
    were foretold by name. ``surprises`` says in words what was otherwise than foretold.
    """

    database: str
    handed_over: int
    delivered: int
    refused: int
    refused_expected: int
    held_back: int
    superseded: int
    door_refused: int
    door_refused_expected: int
    lost: int
    doubled: int
    out_of_order: int
    stale: int
    foreign: int
    misreported: int
    documents: int
    results: int
    links_published: int
    links_fetched: int
    links_wrong: int
    lookups: int
    scans_avoided: int
    e_result_share: float
    once_only_checks: int
    papers_not_asked: int
    fields_prefilled: int
    fields_asked: int
    redundant: int
    redundant_planted: int
    persons_asked: int
    worker_restarts: int
    seconds: float
    right: bool
    reasons: dict[str, int] = field(default_factory=dict)
    door_reasons: dict[str, int] = field(default_factory=dict)
    persons: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    refused_files: dict[str, int] = field(default_factory=dict)
    gate: dict[str, int] = field(default_factory=dict)
    decisions: dict[str, int] = field(default_factory=dict)
    population: dict[str, int] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)


def make(
    audit: Audit,
    refused_lines: Sequence[LineAnswer],
    expected: tuple[int, int],
    surprises: Sequence[str],
    asked: tuple[PersonChecks, Documents, Officers],
    *,
    database: str,
    worker_restarts: int,
    seconds: float,
) -> Report:
    """Put the figures together; ``expected`` are the refusals that came as foretold, at the portal and at the door."""
    found, (persons, papers, once) = audit.found, asked
    ours = _FAULTS - {"misreported", "links_wrong"}
    faults: dict[str, list[str]] = {name: list(getattr(found, name)) for name in sorted(ours)}
    faults["misreported"] = audit.misreported
    as_foretold = expected == (len(audit.refused), len(refused_lines)) and not surprises
    return Report(
        database=database,
        handed_over=audit.handed_over,
        delivered=len(found.delivered),
        refused=len(audit.refused),
        refused_expected=expected[0],
        held_back=len(audit.held),
        superseded=len(found.superseded),
        door_refused=len(refused_lines),
        door_refused_expected=expected[1],
        **{name: len(ids) for name, ids in faults.items()},
        documents=papers.documents,
        results=papers.results,
        links_published=papers.links_published,
        links_fetched=papers.links_fetched,
        links_wrong=papers.links_wrong,
        lookups=papers.lookups,
        scans_avoided=papers.scans_avoided,
        e_result_share=papers.e_result_share,
        verdicts=dict(papers.verdicts.most_common()),
        refused_files=dict(papers.refused_files.most_common()),
        gate=dict(papers.gate),
        once_only_checks=once.once_only_checks,
        papers_not_asked=once.papers_not_asked,
        fields_prefilled=once.fields_prefilled,
        fields_asked=once.fields_asked,
        redundant=once.redundant,
        redundant_planted=once.redundant_planted,
        decisions=dict(once.decisions.most_common()),
        population=once.population,
        persons_asked=persons.asked,
        worker_restarts=worker_restarts,
        seconds=round(seconds, 1),
        right=audit.exact and as_foretold and persons.right and not papers.wrong and not once.wrong,
        reasons=_counted(_portal_reason(audit.claims[name]) for name in audit.refused),
        door_reasons=_counted(answer.slug for answer in refused_lines),
        persons=dict(persons.outcomes),
        ids={name: ids for name, ids in faults.items() if ids},
        surprises=[*surprises, *persons.wrong, *papers.wrong, *once.wrong],
    )


def _portal_reason(delivery: Mapping[str, object]) -> str:
    return f"{delivery['answer_code']} {delivery['answer_message'] or delivery['reason']}"


def _counted(reasons: Iterable[str]) -> dict[str, int]:
    return dict(Counter(reasons).most_common())


def write(report: Report, build: Path) -> None:
    """Write ``demo.json`` into a folder, which is made if need be."""
    build.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(report), ensure_ascii=False, indent=2)
    (build / "demo.json").write_text(text + "\n", "utf-8")


def show(report: Report, console: Console) -> None:
    """Print the table, the reasons, and the verdict."""
    vietnamese, english = TEXTS["title"]
    table = Table(title=f"{vietnamese}\n{english}")
    table.add_column(both("what"), overflow="fold")
    table.add_column(both("count"), justify="right")
    for name in _ROWS:
        value = getattr(report, name)
        style = ("green" if value == 0 else "bold red") if name in _FAULTS else ""
        table.add_row(both(name), f"{value:,}".replace(",", " "), style=style)
    for title, reasons in (("by_portal", report.reasons), ("by_door", report.door_reasons)):
        if reasons:
            table.add_section()
            table.add_row(f"{both('reasons')} – {both(title)}", "", style="bold")
            for reason, count in reasons.items():
                table.add_row(f"  {reason}", str(count))
    for title, counted in (
        ("verdicts", report.verdicts),
        ("refused_files", report.refused_files),
        ("gate", report.gate),
        ("persons", report.persons),
        ("decisions", report.decisions),
        ("population", report.population),
    ):
        table.add_section()
        table.add_row(both(title), "", style="bold")
        for name, count in counted.items():
            table.add_row(f"  {name}", str(count))
    console.print(table, markup=False)
    console.print(
        both("right" if report.right else "wrong"), style="bold green" if report.right else "bold red", soft_wrap=True
    )
    for name, ids in report.ids.items():
        console.print(f"{name}: {', '.join(islice(ids, _SHOWN))}", markup=False, soft_wrap=True)
    for surprise in report.surprises[:_SHOWN]:
        console.print(surprise, markup=False, soft_wrap=True)
