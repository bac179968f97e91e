"""Nobody both edits and approves, and nobody edits the log."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import ROLES, SCOPES, Permission, Reach, Role, Scope, clashes, is_for_software, permissions_of

_ACTS = {p for p in Permission if not p.value.endswith((":read", ":approve"))}
UNITS = st.sampled_from(["H15", "H15.50", "H15.101", "H15.101.1", "X"])
PARENTS = {"H15": None, "H15.50": "H15", "H15.101": "H15", "H15.101.1": "H15.101"}


def test_no_role_edits_and_approves() -> None:
    assert [role for role in Role if clashes([role])] == []
    assert any(permission.approves for allowed in ROLES.values() for permission in allowed)


def test_no_software_approves() -> None:
    assert [scope for scope, allowed in SCOPES.items() if any(permission.approves for permission in allowed)] == []


def test_the_log_can_only_be_read() -> None:
    assert {p.value for p in Permission if p.value.startswith("log:")} == {"log:read"}


def test_an_auditor_only_reads() -> None:
    assert not ROLES[Role.AUDITOR] & _ACTS
    assert Permission.LOG_READ in ROLES[Role.AUDITOR]


@given(st.sets(st.sampled_from([*Role, *Scope])))
def test_names_together_clash_when_one_acts_and_one_approves(names: set[Role | Scope]) -> None:
    allowed = permissions_of(names)
    assert clashes(names) == (bool(allowed & _ACTS) and any(p.approves for p in allowed))
    assert allowed == frozenset().union(*(permissions_of([name]) for name in names))


@given(st.text())
def test_an_unknown_name_allows_nothing(name: str) -> None:
    known = {*map(str, Role), *map(str, Scope), *map(str, Permission)}
    assert bool(permissions_of([name])) == (name in known)


@given(st.sets(UNITS), UNITS)
def test_a_reach_holds_a_unit_and_all_below_it(units: set[str], unit: str) -> None:
    above: list[str | None] = []
    at: str | None = unit
    while at is not None:
        above.append(at)
        at = PARENTS.get(at)
    reach = Reach(frozenset(units))
    assert reach.holds(unit, PARENTS) == (not units or bool(units & set(above)))
    assert reach.holds(None, PARENTS) == (not units)


def test_a_ring_of_units_ends() -> None:
    assert not Reach(frozenset({"C"})).holds("A", {"A": "B", "B": "A"})


@given(st.text() | st.sampled_from([*Role, *Scope, *Permission]))
def test_software_is_given_scopes_and_permissions_that_no_person_answers_for(name: str) -> None:
    for_people = {p for p in Permission if p.approves} | {Permission.ACCOUNTS_EDIT}
    known = {*map(str, Scope), *map(str, Permission)}
    assert is_for_software(name) == (name in known and not permissions_of([name]) & for_people)


@given(st.sets(UNITS), st.sampled_from([*PARENTS, "X", "Y"]))
def test_what_is_below_a_reach_is_what_it_holds(units: set[str], unit: str) -> None:
    reach = Reach(frozenset(units))
    below = reach.below(PARENTS)
    assert (below is None) == reach.is_whole
    assert reach.holds(unit, PARENTS) == (below is None or unit in below)


@given(st.sets(UNITS), st.sets(UNITS), UNITS)
def test_two_reaches_together_hold_what_both_hold(one: set[str], other: set[str], unit: str) -> None:
    first, second = Reach(frozenset(one)), Reach(frozenset(other))
    both = first.narrowed(second, PARENTS)
    held = both is not None and both.holds(unit, PARENTS)
    assert held == (first.holds(unit, PARENTS) and second.holds(unit, PARENTS))
    assert both is None or both.is_whole == (first.is_whole and second.is_whole)
