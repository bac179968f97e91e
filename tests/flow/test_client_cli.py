"""Clients and their keys on the command line, as an administrator meets them."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.client_cli import client_cli
from app.config import load_settings
from app.errors import ConfigurationError
from app.policies import token_policy
from app.tlog import create_key_file
from tests.worlds import settings


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_client_lives_and_ends_on_the_command_line(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    key = tmp_path / "oauth.key"
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", database_url)
    runner = CliRunner()

    def said(*arguments: str, code: int = 0) -> str:
        result = runner.invoke(client_cli, list(arguments))
        assert result.exit_code == code, result.output
        return result.output.strip()

    assert said("keygen", "--out", str(key)).startswith("tokens+")
    assert key.stat().st_mode & 0o777 == 0o600
    assert "cannot be made" in said("keygen", "--out", str(key), code=2)
    assert "LIENTHONG_OAUTH_KEY" in said("rotate", code=2)
    monkeypatch.setenv("LIENTHONG_OAUTH_KEY", str(key))
    kid, public_key = said("rotate").split("\t")
    assert f"+{kid}+" in public_key
    assert len((tmp_path / "oauth.key.pub").read_text("utf-8").splitlines()) == 2
    secret = said("create", "mot-cua", "--scope", "intake", "--scope", "read")
    assert secret.startswith("lts_")
    assert "names are kept for ever" in said("create", "mot-cua", "--scope", "read", code=2)
    assert said("list") == "mot-cua\tH15\tintake read\tliving"
    assert said("create", "phuong", "--scope", "deliveries:read", "--unit", "H15.101").startswith("lts_")
    assert said("list").splitlines()[1] == "phuong\tH15\tdeliveries:read\tliving\tH15.101"
    assert "units" in said("create", "xa", "--scope", "read", "--unit", "H15.999", code=2)
    assert "retention:approve" in said("create", "xa", "--scope", "retention:approve", code=2)
    assert said("revoke", "phuong") == "ended"
    assert "LIENTHONG_OIDC_ISSUER" in said("register-external", "xa", "--subject", "s", "--scope", "read", code=2)
    monkeypatch.setenv("LIENTHONG_OIDC_ISSUER", "https://id.example")
    monkeypatch.setenv("LIENTHONG_OIDC_AUDIENCE", "lienthong")
    assert said("register-external", "xa", "--subject", "s", "--scope", "read", "--unit", "H15.101") == "registered"
    assert said("list").splitlines()[-1] == "xa\tH15\tread\tliving\tH15.101"
    assert said("revoke", "xa") == "ended"
    assert said("revoke", "mot-cua") == "ended"
    assert said("revoke", "mot-cua") == "no living client has this name"
    assert said("list").splitlines()[0].endswith("ended")


def test_nobody_is_locked_out_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIENTHONG_STATIC_TOKENS", "false")
    with pytest.raises(ConfigurationError, match="LIENTHONG_OAUTH_KEY is not set"):
        load_settings()


def test_a_key_of_the_log_or_one_that_others_read_signs_no_tokens(tmp_path: Path) -> None:
    for name in ("log", "open"):
        create_key_file(tmp_path / name, "log.example/h15")
    (tmp_path / "open").chmod(0o644)
    cases: list[dict[str, Any]] = [
        {"log_key": tmp_path / "log", "oauth_key": tmp_path / "log"},
        {"oauth_key": tmp_path / "open"},
    ]
    for given in cases:
        with pytest.raises(ConfigurationError, match="LIENTHONG_OAUTH_KEY: ") as refused:
            token_policy(settings(**given))
        assert "PRIVATE" not in str(refused.value)
    policy = token_policy(settings(public_url="https://lienthong.example"))
    assert (policy.issuer, policy.keys, policy.static) == ("https://lienthong.example", None, True)
