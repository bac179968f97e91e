"""What software is given: scopes and units, held to the tables before any name is."""

from collections.abc import Iterable

from app.domain.access import Reach, clashes, is_for_software
from app.errors import Fault, InvalidRecord, UnknownCode
from app.store.session import Row
from app.usecases.context import Caller, Context

_SCOPES_MAX = 1000


def granted(context: Context, scopes: Iterable[str], units: Iterable[str]) -> Row:
    """Scopes and units as they are kept; without units, all of the province.

    Raises:
        InvalidRecord: what there is not, or what only people may have.
        UnknownCode: a unit that its table does not hold.
    """
    names, codes = sorted(set(scopes)), sorted(set(units))
    wrong = [name for name in names if not is_for_software(name)]
    if wrong or clashes(names) or len(" ".join(names)) > _SCOPES_MAX:
        message = f"software cannot be given: {', '.join(wrong) or 'all of these together'}"
        raise InvalidRecord(message, faults=(Fault("/scopes", message),))
    strangers = [code for code in codes if code not in context.catalogue.units]
    if strangers:
        message = f"not in the table 'units': {', '.join(strangers)}"
        raise UnknownCode(message, faults=tuple(Fault("/units", f"'{code}'", "units") for code in strangers))
    return {"scopes": " ".join(names), "units": " ".join(codes)}


def caller_of(name: str, agency: str, scopes: str, units: str) -> Caller:
    """Whoever was given these."""
    return Caller(name, agency, frozenset(scopes.split()), Reach(frozenset(units.split())))
