"""Nothing secret comes out, and a person stands only where a person belongs: logs, rows, problems, metrics, traces."""

import base64
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from app.store import migrate
from app.store.tables import metadata
from app.tlog import create_key_file
from tests.fuzz import planted
from tests.fuzz.planted import PERSONAL, Finder

# Where a person may stand, and why. Everything else of the database names no person.
HOLDS_PERSONS = {
    ("dossiers", "facts"): "the dossier as it was handed over",
    ("steps", "facts"): "the step as it was handed over",
    ("messages", "payload"): "the exact message that the nation was promised",
    ("documents", "title"): "what the office says of a paper",
    ("documents", "owner_name"): "what the office says of a paper",
    ("documents", "file_name"): "what the office says of a paper",
    ("subjects", "number"): "whom an id stands for",
}
# Where a secret may stand, and why.
HOLDS_SECRETS = {
    ("far_sessions", "token"): "the session that all workers of all processes share",
    ("webhooks", "secret"): "every message is signed with it",
}


@dataclass(frozen=True)
class Driven:
    """What a driven gateway has left behind."""

    logs: str
    bodies: dict[str, str]
    problems: dict[str, str]
    words: dict[str, str]
    cells: dict[tuple[str, str], str]
    raw: bytes


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    folder = tmp_path_factory.mktemp("planted")
    words = planted.write_secrets(folder / "secrets")
    for name in ("log", "oauth"):
        create_key_file(folder / f"{name}.key", f"{name}.example/h15")
        words[f"{name} key"] = (folder / f"{name}.key").read_text("utf-8").strip().rpartition("+")[2]
    database = folder / "lienthong.sqlite3"
    migrate.upgrade(f"sqlite:///{database}")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIENTHONG_")} | {
        "LIENTHONG_SECRETS_DIR": str(folder / "secrets"),
        "LIENTHONG_DATABASE_URL": f"sqlite:///{database}",
        "LIENTHONG_DOCUMENTS_URL": str(folder / "documents"),
        "LIENTHONG_LOG_LEVEL": "DEBUG",
        "LIENTHONG_LOG_KEY": str(folder / "log.key"),
        "LIENTHONG_OAUTH_KEY": str(folder / "oauth.key"),
        "LIENTHONG_POPULATION_WAY": "lgsp",
        "LIENTHONG_POPULATION_PROCEDURES": '["*"]',
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.fuzz.planted_drive", str(folder)],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    written = json.loads((folder / "written.json").read_text("utf-8"))
    return Driven(
        done.stderr + done.stdout,
        written["bodies"],
        written["problems"],
        words | written["words"],
        _cells(database),
        b"".join(path.read_bytes() for path in sorted(folder.glob("lienthong.sqlite3*"))),
    )


def _cells(database: Path) -> dict[tuple[str, str], str]:
    connection = sqlite3.connect(database)
    found = {}
    try:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name of our own schema
            names = [column[0] for column in cursor.description]
            columns = zip(*cursor.fetchall(), strict=True)
            found.update(
                {(table, name): "\n".join(map(_text, values)) for name, values in zip(names, columns, strict=False)}
            )
    finally:
        connection.close()
    return found


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def test_secrets_come_out_nowhere(driven: Driven) -> None:
    finder = Finder(driven.words)
    finder.look("logs", driven.logs)
    for place, text in (driven.bodies | driven.problems).items():
        finder.look(place, text)
    for cell, text in driven.cells.items():
        if cell not in HOLDS_SECRETS:
            finder.look(".".join(cell), text)
    assert sorted(set(finder.found)) == []


@pytest.mark.parametrize("written", ["x {} y", '{{"said": "{}"}}', "/v1/dossiers/{}"])
def test_the_finder_finds_a_word_in_any_text(written: str) -> None:
    finder = Finder({"name": planted.NAME})
    finder.look("plain", written.format(planted.NAME))
    finder.look("escaped", json.dumps(json.dumps(written.format(planted.NAME))))
    finder.look("encoded", base64.b64encode(written.format(planted.NAME).encode()).decode())
    finder.look("quoted", quote(written.format(planted.NAME)))
    finder.look("none", written.format(planted.NUMBER))
    assert [place for place, _ in finder.found] == ["plain", "escaped", "encoded", "quoted"]


def test_only_what_may_hold_something_is_named() -> None:
    held = {(table.name, column.name) for table in metadata.tables.values() for column in table.columns}
    assert (HOLDS_PERSONS.keys() | HOLDS_SECRETS.keys()) - held == set()


def test_secrets_of_settings_are_not_in_the_file_either(driven: Driven) -> None:
    words = {name: driven.words[name] for name in [*planted.secret_settings(), "static token", "client secret"]}
    assert [name for name, planted_word in words.items() if planted_word.encode() in driven.raw] == []


def test_persons_stand_only_where_they_belong(driven: Driven) -> None:
    finder = Finder(PERSONAL)
    finder.look("logs", driven.logs)
    for place, text in driven.problems.items():
        finder.look(place, text)
    for place in ("spans", "settings"):
        finder.look(place, driven.bodies[place])
    for cell, text in driven.cells.items():
        if cell not in HOLDS_PERSONS:
            finder.look(".".join(cell), text)
    assert sorted(set(finder.found)) == []
