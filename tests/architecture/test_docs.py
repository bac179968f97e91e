"""The documents keep what they promise: names in them exist, numbers agree, nothing cites what is gone."""

import ast
import csv
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Metric
from pydantic import SecretStr
from typer.main import get_command

from app import cli, errors, observability
from app.config import Settings
from app.domain.delivery import Target
from app.errors import Refusal
from app.policies import schedules

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "docs" / "requirements.csv"
COLUMNS = ("rule_id", "rule", "status", "served_by", "tests", "note")
STATUSES = {"served", "partly", "later", "not ours"}

# Every rule that the product was measured against when it began. A rule may change its status, never vanish.
_RULES = (
    "REQ-0.1 REQ-0.2 "
    "A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16 A17 "
    "B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15 "
    "C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 C13 C14 C15 C16 C17 "
    "D-1 D1 D2 D3 D4 D5 D6 D7 D8 D9 D10 D11 D12 D13 "
    "E1.1 E1.2 E1.3 E1.4 E2.1 E2.2 E3.1 E3.2 E3.3 E3.5 E3.6 E4.1 E4.2 E4.3 E4.4 E4.5a E4.5b "
    "E-ELECTRONIC_CERTIFIED_COPY E5.2 E5.3 E5.4 "
    "F1 F2 F3 F4 F5 F6 F7 F8 G1 G2 G3 G4 G5 G6 G7 G8 G9 G10 G11 G12 G13 G14 H1 H2 H3 H4 H5 H6 I1 I2 I3 I4 I5 "
    "J8 J11 J12 J13 J14 J15 J16 J17 J19 J20 J23 J-III.IV.1 J24 J25 J26 K1 K2 K3 K4 K5 L"
)
RULE_IDS = _RULES.split()

# Instruments that have expired or were replaced, by the part of their number that a citation cannot leave out.
EXPIRED = (
    "61/2018", "107/2021", "01/2018/TT-VPCP", "42/2022", "64/2007", "47/2020/NĐ-CP", "13/2023/NĐ-CP", "85/2016",
    "11930:2017", "14423:2025", "22/2019/TT-BTTTT", "137/2015", "37/2021",
)  # fmt: skip
_HISTORY = re.compile(r"replaced|expired|repealed|history|until|hết hiệu lực|thay thế", re.IGNORECASE)

# Read outside Settings: the folder of the secret files, and the token of `lienthong import`.
_OTHER_SETTINGS = {"LIENTHONG_SECRETS_DIR": "app/config.py", "LIENTHONG_TOKEN": "app/cli.py"}

# Put together here, so that this file does not hold them.
_STRANGE = re.compile(
    "|".join(["/" + "work/", "/" + "farm/", r"pypi\." + "org", r"files\." + "pythonhosted", r"registry\." + "npmjs"])
    + r"|deb\." + r"debian\.org"
)  # fmt: skip
_NOT_OURS = {
    ".git", ".venv", "build", "dist", "var", "node_modules", "__pycache__", ".hypothesis", ".mypy_cache",
    ".ruff_cache", ".pytest_cache", ".import_linter_cache",
}  # fmt: skip


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def rules() -> list[dict[str, str]]:
    with REQUIREMENTS.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        found = list(reader)
    assert tuple(reader.fieldnames or ()) == COLUMNS
    return found


@cache
def names_of(path: str) -> frozenset[str]:
    """Names of the tests of a file, those in classes as ``Class::test``; parameters are no part of a name."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(_named(tree.body, ""))


def _named(body: list[ast.stmt], prefix: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from _named(node.body, f"{prefix}{node.name}::")


def spans(text: str) -> str:
    """Code blocks and code spans of a page."""
    blocks = re.findall(r"```.*?\n(.*?)```", text, flags=re.DOTALL)
    rest = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", rest)])


def test_every_rule_is_kept_in_sight_once() -> None:
    assert [rule["rule_id"] for rule in rules()] == RULE_IDS


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["rule_id"])
def test_a_rule_says_honestly_where_it_stands(rule: dict[str, str]) -> None:
    status, tests = rule["status"], rule["tests"].split()
    assert status in STATUSES
    assert rule["rule"].endswith(".")
    if status in {"served", "partly"}:
        assert tests
        assert rule["served_by"]
    else:
        assert not tests
        assert not rule["served_by"]
    if status == "partly":
        assert rule["note"], "what is missing"
    if status == "later":
        assert re.match(r"[B-F]( and [B-F])?( for \w+)?[:,;]? ", rule["note"]), "the issue that brings it"
    if status == "not ours":
        assert rule["note"], "why not"


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule["tests"]], ids=lambda rule: rule["rule_id"])
def test_the_tests_that_prove_a_rule_exist(rule: dict[str, str]) -> None:
    for node in rule["tests"].split():
        path, _, name = node.partition("::")
        assert (ROOT / path).is_file(), node
        assert name.partition("[")[0] in names_of(path), node


@pytest.mark.parametrize("rule", [rule for rule in rules() if rule["served_by"]], ids=lambda rule: rule["rule_id"])
def test_what_serves_a_rule_exists(rule: dict[str, str]) -> None:
    for place in rule["served_by"].split("; "):
        assert (ROOT / place).exists(), place


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_decisions_are_numbered_without_gap_and_say_what_they_must() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text("utf-8")
        assert text.startswith(f"# {page.name[:4]}. "), page.name
        for part in ("Context", "Decision", "Consequences", "Alternatives considered", "In the code"):
            assert f"\n## {part}\n" in text, (page.name, part)


def test_decisions_point_at_code_that_exists() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        places = page.read_text("utf-8").partition("## In the code")[2]
        for place in re.findall(r"`((?:app|connectors|schemas|migrations|tests|benchmarks)/[^`]*)`", places):
            assert (ROOT / place).exists(), (page.name, place)


def test_named_code_in_decisions_exists() -> None:
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        places = page.read_text("utf-8").partition("## In the code")[2]
        for file, names in re.findall(r"`([\w/]+\.py)` \(([^)]*`[^)]*)\)", places):
            source = (ROOT / file).read_text("utf-8")
            for name in re.findall(r"`([\w.]+)`", names):
                assert re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", source), (page.name, file, name)


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
def test_make_commands_in_the_pages_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    for name in re.findall(r"\bmake ([a-z][\w-]*)", spans(page.read_text("utf-8"))):
        assert name in targets, name


@pytest.mark.parametrize("page", documents(), ids=lambda page: page.name)
def test_lienthong_commands_in_the_pages_exist(page: Path) -> None:
    commands: dict[str, Any] = get_command(cli.cli).commands  # type: ignore[attr-defined]
    used = re.findall(
        r"(?:^|[\s/])lienthong ([a-z]+(?:-[a-z]+)*)(?: ([a-z]+(?:-[a-z]+)*))?",
        spans(page.read_text("utf-8")),
        re.MULTILINE,
    )
    for name, inner in used:
        assert name in commands, name
        children = getattr(commands[name], "commands", None)
        assert children is None or inner in children, (name, inner)


def test_every_setting_named_in_the_pages_exists() -> None:
    known = {f"LIENTHONG_{name.upper()}" for name in Settings.model_fields}
    for name, file in _OTHER_SETTINGS.items():
        assert name in (ROOT / file).read_text("utf-8")
    for page in documents():
        named = set(re.findall(r"LIENTHONG_[A-Z0-9_]+[A-Z0-9]", page.read_text("utf-8")))
        assert named <= known | set(_OTHER_SETTINGS), page.name


def _shown(default: object) -> set[str]:
    if isinstance(default, SecretStr):
        return {"empty"} if not default.get_secret_value() else {"the mock's"}
    if default is None:
        return {"none"}
    if isinstance(default, bool):
        return {f"`{str(default).lower()}`"}
    if isinstance(default, tuple):
        shown = (json.dumps(part) if isinstance(part, str) else f"{part:g}" for part in default)
        return {f"`[{', '.join(shown)}]`"}
    if isinstance(default, dict):
        return {f"`{json.dumps(default)}`"}
    return {f"`{default}`"} if isinstance(default, str) else {f"`{default:.10g}`"}


def test_the_settings_table_is_whole_and_its_defaults_are_true() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `LIENTHONG_(\w+)` \| (.*?) \|", page, flags=re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        assert rows[name.upper()] in _shown(field.get_default(call_default_factory=True)), name


def test_the_table_of_schedules_is_whole_and_true() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z.]+)` \| ([\d, ]+) \| (\d+) \| (\d+) \|", page, flags=re.MULTILINE)
    settings, wanted = Settings(), {}
    for target in Target:
        found = schedules(settings, target)
        named = {target.value: found.ordinary} | {f"{target.value}.{c.value}": s for c, s in found.by_class.items()}
        for name, schedule in named.items():
            waits = ", ".join(f"{wait:g}" for wait in schedule.waits_seconds)
            wanted[name] = (waits, f"{schedule.attempts_max}", f"{schedule.age_max_seconds / 86400:g}")
            assert schedule.jitter_share == 0.2
    assert {name: tuple(row) for name, *row in rows} == wanted


def test_the_metrics_table_is_whole() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    metrics: list[Metric] = list(observability.REGISTRY.collect())
    names = {metric.name + ("_total" if metric.type == "counter" else "") for metric in metrics}
    assert set(re.findall(r"^\| `(lienthong_\w+)` \|", page, flags=re.MULTILINE)) == names


def _refusals(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from _refusals(child)


def test_the_table_of_problems_is_whole() -> None:
    page = (ROOT / "docs" / "wire.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d{3})[\d, ]* \|", page, flags=re.MULTILINE))
    wanted = {kind.slug: str(kind.status.value) for kind in _refusals(errors.Refusal)}
    wanted |= {"audit-unavailable": "503", "store-busy": "503", "not-found": "404", "internal": "500"}
    assert rows == wanted


def test_no_expired_instrument_is_cited_as_current() -> None:
    for page in [*documents(), REQUIREMENTS]:
        for line in page.read_text("utf-8").splitlines():
            if not _HISTORY.search(line):
                assert not [number for number in EXPIRED if number in line], f"{page.name}: {line}"


def _texts() -> Iterator[tuple[Path, str]]:
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not _NOT_OURS & set(parts) and not parts[0].startswith(".coverage"):
            try:
                yield path, path.read_text("utf-8")
            except UnicodeDecodeError:
                continue


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert [str(path.relative_to(ROOT)) for path, text in _texts() if _STRANGE.search(text)] == []
