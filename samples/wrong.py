"""All wrong records, each wrong in a way of its own. They are handed in after the whole quarter."""

from app.reference import Catalogue
from samples.desk import Desk, Wrong
from samples.history import History
from samples.quarter import Quarter
from samples.wrong_at_the_door import codes, history, shapes
from samples.wrong_at_the_portal import limits, tables


def wrong_records(catalogue: Catalogue, told: History, quarter: Quarter) -> list[Wrong]:
    """The wrong lines in the order of their file."""
    desk = Desk(catalogue, told, quarter.codes, quarter.people)
    return [made for make in (shapes, codes, history, limits, tables) for made in make(desk)]
