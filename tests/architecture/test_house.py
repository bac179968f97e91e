"""The shape of the house, as far as import-linter cannot see it."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import Route

from app import wiring
from app.access_table import asked_by, routes_of
from app.config import Settings
from app.domain.delivery import NATIONAL, DeliveryState, Destination, HoldReason, Target
from app.domain.dossier import DossierStatus
from app.domain.rulesets import LEGAL_BASIS, ONE_STOP_RULES, Purpose
from app.errors import Refusal
from app.main import create_app
from app.session_deps import page_holder, session_holder
from app.texts import TEXTS
from connectors.population import PersonOutcome
from schemas import provincial

ROOT = Path(__file__).parents[2]
OURS = ("app", "connectors", "schemas", "mock_national", "migrations")
PUBLIC_PATHS = {
    "/health/live",
    "/health/ready",
    "/metrics",
    "/static/lienthong.css",
    "/openapi.json",
    "/docs",
    # Who asks for a token, or logs in, brings a secret of its own.
    "/oauth/token",
    "/v1/sessions",
    "/login",
    # Whoever has the address may read: the portal takes addresses only. It holds 256 random bits.
    "/files/{capability}",
    "/files/{capability}/bundle",
    # Hashes and signatures only: whoever follows the log needs no leave. A witness lets in by the log's signature.
    "/log/checkpoint",
    "/log/tile/{level}/{place:path}",
    "/log/add-checkpoint",
}
_MODULE_LINES_MAX = 400
_FUNCTION_LINES_MAX = 60


def sources(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))


def calls_of(tree: ast.AST, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
    ]


def test_the_only_commit_stands_in_the_session() -> None:
    places = [str(path) for path, tree in sources("app", "connectors", "schemas") for _ in calls_of(tree, "commit")]
    assert places == ["app/store/session.py"]


def test_only_config_reads_the_environment() -> None:
    allowed = {"app/config.py", "app/cli.py"}
    readers = set()
    for path, tree in sources("app", "connectors", "schemas"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}:
                readers.add(str(path))
    # The demo hands an environment to the processes it starts; it reads no setting from it.
    assert {path for path in readers if not path.startswith("app/demo/")} <= allowed


def _withs_over(tree: ast.AST, opener: set[str]) -> Iterator[ast.AsyncWith]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncWith):
            for item in node.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in opener:
                    yield node


def _works_in_a_transaction(tree: ast.AST) -> Iterator[ast.AST]:
    """Functions that take a session: they run inside a transaction."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            names = {arg.arg for arg in [*node.args.args, *node.args.kwonlyargs]}
            if "session" in names:
                yield node


def test_no_session_is_open_while_a_connector_sends() -> None:
    wire = ("send", "probe", "verify", "check")
    guilty = [
        f"{path}:{call.lineno}"
        for path, tree in sources("app")
        for block in [*_withs_over(tree, {"read", "connect"}), *_works_in_a_transaction(tree)]
        for verb in wire
        for call in calls_of(block, verb)
    ]
    # The database is read too: a record of a person is read from what is called so.
    guilty += [
        f"{path}:{call.lineno}"
        for path, tree in sources("app")
        for block in [*_withs_over(tree, {"connect"}), *_works_in_a_transaction(tree)]
        for call in calls_of(block, "read")
        if isinstance(call.func, ast.Attribute) and "population" in ast.unparse(call.func.value)
    ]
    assert guilty == []


def test_every_target_has_connector_encoder_and_policy() -> None:
    assert set(wiring.CONNECTORS) == set(Target)
    context = wiring.build_context(Settings(database_url="sqlite:///unused.sqlite3"))
    assert set(context.connectors) == set(context.policies) == set(Target)
    # A webhook is told news; only what the nation is owed is encoded at the door.
    assert set(context.encoders) == {Destination.of(key).target for key in NATIONAL}


_ASKING_PATHS = {
    "/v1/dossiers/{code}",
    "/v1/dossiers/{code}/steps",
    "/v1/dossiers/{code}/documents",
    "/v1/dossiers/{code}/documents/reuse",
    "/v1/documents/lookup",
    "/v1/documents/store",
    "/v1/documents/{document_id}",
    "/v1/documents/{document_id}/file",
    "/v1/documents/{document_id}/bundle",
    "/v1/documents/{document_id}/judge",
    "/v1/documents/{document_id}/correct",
    "/v1/documents/{document_id}/supersede",
    "/v1/documents/{document_id}/revoke",
    "/v1/uploads",
    "/v1/uploads/{upload_id}",
    "/v1/subjects",
    "/v1/subjects/{subject_id}/documents",
    "/v1/subjects/{subject_id}/disclosures",
    "/v1/subjects/{subject_id}/disclosures/{entry}/receipt",
    "/v1/disclosure-delays",
    "/v1/results/missing",
    "/v1/once-only/check",
    "/v1/once-only/checks/{check_id}",
    "/v1/once-only/redundant",
    "/v1/once-only/summary",
    "/v1/discrepancies",
    "/v1/discrepancies/{discrepancy_id}/answer",
    "/v1/prefill",
    "/v1/prefill/{prefill_id}",
    "/v1/prefill/{prefill_id}/preview",
    "/v1/prefill/{prefill_id}/handed-in",
    "/v1/forms/figures",
    "/v1/tables/{name}",
    "/v1/persons/queries",
    "/v1/anomalies",
    "/v1/anomalies/{anomaly_id}/sign-off",
    "/v1/officer-locks",
    "/v1/officer-locks/{officer}/lift",
    "/v1/units/{unit}/result-gate",
    "/v1/intake",
    "/v1/contracts",
    "/v1/deliveries",
    "/v1/deliveries/{delivery_id}",
    "/v1/deliveries/{delivery_id}/retry",
    "/v1/deliveries/{delivery_id}/cancel",
    "/v1/deliveries/{delivery_id}/decide",
    "/v1/deliveries/{delivery_id}/sides",
    "/v1/deliveries/{delivery_id}/supersede",
    "/v1/events",
    "/v1/holds",
    "/v1/holds/{hold_id}/resume",
    "/v1/replays",
    "/v1/replays/{replay_id}",
    "/v1/replays/{replay_id}/stop",
    "/v1/sync/summary",
    "/v1/targets",
    "/v1/targets/{key}/holds",
    "/v1/webhooks",
    "/v1/webhooks/{webhook_id}",
    "/v1/webhooks/{webhook_id}/test",
    "/v1/persons/verify",
    "/v1/audit",
    "/v1/compliance",
    "/v1/audit/{entry}/values",
    "/v1/erasures",
    "/v1/erasures/{erasure}/approval",
    "/v1/subjects/{subject_id}/erasure",
    "/v1/log",
    "/v1/sessions/current",
    "/v1/sessions/current/password",
    "/v1/sessions/current/second-factor",
    "/v1/sessions/current/recovery-codes",
    "/v1/accounts",
    "/v1/accounts/{name}",
    "/v1/accounts/{name}/rights",
    "/v1/accounts/{name}/disable",
    "/v1/accounts/{name}/enable",
    "/v1/accounts/{name}/unlock",
    "/v1/accounts/{name}/reset",
    "/logout",
    "/account",
    "/account/password",
    "/account/second-factor",
    "/account/second-factor/offer",
    "/account/recovery-codes",
    "/v1/retention",
    "/v1/retention/runs",
    "/v1/retention/runs/{run_id}/decision",
    "/v1/retention/holds",
    "/v1/retention/holds/{hold_id}/mended",
    "/log/tile/entries/{place:path}",
    "/log/proof/{audit_id}",
    "/",
}


def _asks_for_a_session(dependant: Dependant) -> bool:
    """Whether it is about the caller's own session and account: that needs a session, and no permission."""
    return any(inner.call in {session_holder, page_holder} for inner in dependant.dependencies)


def test_every_route_asks_who_is_calling() -> None:
    routes = list(routes_of(create_app(Settings(database_url="sqlite:///unused.sqlite3"))))
    known: dict[str, bool] = {}
    for route in routes:
        assert isinstance(route, Route), route
        asks = isinstance(route, APIRoute) and (any(asked_by(route.dependant)) or _asks_for_a_session(route.dependant))
        known[route.path] = asks and known.get(route.path, True)
    assert {path for path, asks in known.items() if not asks} == PUBLIC_PATHS
    assert {path for path, asks in known.items() if asks} == _ASKING_PATHS


def test_national_names_stay_where_they_belong() -> None:
    names = re.compile(r"\b(MaHoSo|MaTTHC|TrangThaiHoSo|ThoiDiemXuLy|DongBoHoSoMC|CapNhatTienDoHoSoMC|SoDinhDanh)\b")
    allowed = (
        "schemas/portal.py",
        "schemas/population.py",
        "connectors/",
        "mock_national/",
        "app/demo/compare.py",
        "app/conform/",
    )
    strangers = []
    for path, _ in sources("app", "connectors", "schemas"):
        if not str(path).startswith(allowed):
            lines = (ROOT / path).read_text("utf-8").splitlines()
            code = "\n".join(line for line in lines if "``" not in line and "example" not in line)
            if path.name != "examples.py" and names.search(code):
                strangers.append(str(path))
    assert strangers == []


def test_modules_and_functions_keep_their_measure() -> None:
    too_long = []
    for path, tree in sources("app", "connectors", "schemas", "mock_national"):
        lines = (ROOT / path).read_text("utf-8").count("\n")
        if lines > _MODULE_LINES_MAX:
            too_long.append(f"{path}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > _FUNCTION_LINES_MAX:
                    too_long.append(f"{path}: {node.name} {length} lines")
    assert too_long == []


def test_broad_except_stands_only_at_an_edge_with_a_reason() -> None:
    for path, tree in sources(*OURS):
        lines = (ROOT / path).read_text("utf-8").splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                caught = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"bare"}
                if caught & {"Exception", "BaseException", "bare"}:
                    body_raises = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
                    assert body_raises or "edge" in lines[node.lineno - 1], f"{path}:{node.lineno}"


@pytest.mark.parametrize(
    "key",
    [
        *(f"delivery.{state.value}" for state in DeliveryState),
        *(f"hold.{reason.value}" for reason in HoldReason),
        "person.MATCH",
        "person.NOT_FOUND_OR_MISMATCH",
    ],
)
def test_every_state_has_a_sentence(key: str) -> None:
    assert TEXTS[key].vi
    assert TEXTS[key].en


def _refusals(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _refusals(child)


def test_every_refusal_says_what_to_do_and_stands_in_the_picture() -> None:
    picture = __import__("app.errors", fromlist=["x"]).__doc__ or ""
    for refusal in _refusals(Refusal):
        assert TEXTS[f"advice.{refusal.slug}"].vi
        assert f"{refusal.__name__} " in picture
        assert f" {refusal.status.value} " in picture.split(refusal.__name__)[1][:40]


def test_no_text_for_people_cites_an_expired_instrument() -> None:
    expired = ("42/2022", "64/2007", "47/2020", "13/2023", "85/2016", "61/2018", "107/2021", "01/2018")
    for key, text in TEXTS.items():
        assert not any(number in text.vi + text.en for number in expired), key
    for purpose in Purpose:
        assert LEGAL_BASIS[purpose]
        assert not any(number in LEGAL_BASIS[purpose] for number in expired), purpose


def test_rule_sets_follow_each_other_without_gap() -> None:
    for older, newer in pairwise(ONE_STOP_RULES):
        assert older.valid_to is not None
        assert (newer.valid_from - older.valid_to).days == 1
    assert ONE_STOP_RULES[-1].valid_to is None


def test_the_door_and_the_rules_speak_of_the_same_statuses() -> None:
    assert {status.value for status in provincial.Status} == {status.value for status in DossierStatus}


def test_outcomes_about_persons_stay_apart() -> None:
    assert {outcome.value for outcome in PersonOutcome} == {
        "MATCH",
        "NOT_FOUND_OR_MISMATCH",
        "DENIED",
        "QUOTA",
        "UNAVAILABLE",
        "BAD_REPLY",
    }
