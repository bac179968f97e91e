"""What entering a status adds to the facts of a dossier."""

from collections.abc import Callable, Mapping
from typing import Final

from samples import papers, words
from samples.paths import Stay
from samples.tale import Tale
from samples.worktime import DAY

_NOTE_LIMIT: Final = 500


def enter(tale: Tale, stay: Stay, before: Stay | None) -> None:
    """Move the facts on by one stay; ``before`` is the stay that ends, None when the dossier is filed."""
    tale.facts["status"] = stay.status
    if before is None:
        _file(tale, stay)
    elif before.status == "supplement" and stay.status in {"received", "processing"}:
        _supplemented(tale, stay, before)
    # A refused dossier came in when it was filed and never again.
    if before is None or (before.status == "registered" and stay.status == "received"):
        tale.facts["received_at"] = tale.stamp(stay.begins)
    _ADDS.get(stay.status, _nothing)(tale, stay)


def _file(tale: Tale, stay: Stay) -> None:
    tale.facts["submitted_at"] = tale.stamp(stay.begins)
    if tale.facts["fees"] and tale.case.plan.channel != "online":
        tale.facts["online_payment"] = "offline"


def _supplemented(tale: Tale, stay: Stay, before: Stay) -> None:
    """The papers came: the term is longer by the whole days they took."""
    request = tale.facts["supplements"][-1]
    request["received_by"], request["received_at"] = tale.office.desk.name, tale.stamp(stay.begins)
    request["received_note"] = words.SUPPLEMENTED
    if tale.due is not None:
        tale.due += (stay.begins - before.begins + DAY - 1) // DAY * DAY
        request["new_due_at"] = tale.deadline()


def _term_runs(tale: Tale, _: Stay) -> None:
    tale.facts["due_at"] = tale.deadline()


def _ask(tale: Tale, stay: Stay) -> None:
    request = {
        "number": len(tale.facts["supplements"]) + 1,
        "requested_by": tale.office.desk.name,
        "reason": tale.random.choice(words.SUPPLEMENTS),
        "requested_at": tale.stamp(stay.begins),
    }
    if tale.due is not None:
        request["previous_due_at"] = tale.deadline()
    tale.facts["supplements"].append(request)


def _finish(tale: Tale, stay: Stay) -> None:
    case = tale.case
    tale.facts["finished_at"] = tale.stamp(stay.begins)
    tale.facts["results"] = papers.results(tale.catalogue, case.procedure, case.code, long=case.rare(240, 31))
    if tale.due is not None and stay.begins >= tale.due:
        tale.facts["note"] = words.APOLOGY


def _give_back(tale: Tale, stay: Stay) -> None:
    tale.facts["returned_at"] = tale.stamp(stay.begins)
    tale.facts["return_note"] = words.RETURNED[tale.facts.get("return_method", "direct")]


def _say_why(tale: Tale, stay: Stay) -> None:
    tale.facts["note"] = tale.random.choice(words.REASONS[stay.status])


def _refuse(tale: Tale, stay: Stay) -> None:
    _say_why(tale, stay)
    tale.facts["refused_at"] = tale.stamp(stay.begins)
    if tale.case.rare(4, 0):
        tale.facts["note"] = papers.filled(f"{tale.facts['note']} {words.ADVICE} ", _NOTE_LIMIT)


def _nothing(_tale: Tale, _stay: Stay) -> None:
    """Some statuses say all by themselves."""


_ADDS: Final[Mapping[str, Callable[[Tale, Stay], None]]] = {
    "received": _term_runs,
    "processing": _term_runs,
    "supplement": _ask,
    "done": _finish,
    "returned": _give_back,
    "refused": _refuse,
    "withdrawn": _say_why,
    "stopped": _say_why,
}
