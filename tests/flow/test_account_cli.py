"""Accounts on the command line: the first administrator, and what is done there when nobody can log in."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.account_cli import account_cli
from app.config import load_settings
from app.errors import ConfigurationError
from app.policies import people_policy
from app.usecases import sessions
from app.wiring import build_context, close_context
from tests.worlds import settings


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_first_administrator_comes_in_by_the_command_line(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", database_url)
    monkeypatch.setenv("LIENTHONG_PASSWORD_MEMORY_KIB", "19456")
    monkeypatch.setenv("LIENTHONG_PASSWORD_PASSES", "2")
    runner = CliRunner()

    def said(*arguments: str, code: int = 0) -> str:
        result = runner.invoke(account_cli, list(arguments))
        assert result.exit_code == code, result.output
        return result.output.strip()

    async def enter(password: str) -> sessions.Live:
        context = build_context(load_settings())
        try:
            return await sessions.login(
                context, account="quan-tri", password=password, code="", correlation_id="c-test"
            )
        finally:
            await close_context(context)

    create = ("create", "quan-tri", "--role", "administrator", "--full-name", "Nguyễn Văn Mẫu")
    assert "LIENTHONG_ACCOUNT_KEY is not set" in said(*create, code=2)
    monkeypatch.setenv("LIENTHONG_ACCOUNT_KEY", said("keygen"))
    password = said(*create).partition("\t")[0]
    live = asyncio.run(enter(password))
    assert (live.step.value, sorted(live.roles)) == ("change_password", ["administrator"])
    assert "last administrator" in said("disable", "quan-tri", "--reason", "x", code=2)
    said("create", "an.nv", "--role", "officer", "--unit", "H15.50")
    assert said("roles", "an.nv", "--role", "auditor") == "changed"
    assert said("disable", "an.nv", "--reason", "Nghỉ việc") == "disabled"
    assert [line.split("\t")[:7] for line in said("list").splitlines()] == [
        ["an.nv", "an.nv", "operation", "auditor", "all", "disabled", "one factor"],
        ["quan-tri", "Nguyễn Văn Mẫu", "administrator", "administrator", "all", "invited", "one factor"],
    ]
    assert said("enable", "an.nv") == "enabled"
    assert len(said("reset", "quan-tri", "--second-factor").partition("\t")[0]) == 19
    assert "no account is named" in said("unlock", "nobody", code=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"account_key": "c2hvcnQ="},
        {"account_key": "not base64"},
        {"account_old_keys": ("a" * 43 + "=",)},
    ],
)
def test_a_key_that_is_none_stops_the_start_and_is_not_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="LIENTHONG_ACCOUNT_") as refusal:
        people_policy(settings(**wrong))
    assert not any(str(value) in str(refusal.value) for value in wrong.values())
