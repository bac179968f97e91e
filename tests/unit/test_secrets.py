"""Secrets: from the environment or from files, and in no text that anybody reads."""

import json
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.config import Settings, load_settings, open_secrets
from app.errors import ConfigurationError
from schemas.accounts import CodeIn, InvitationOut, LoginIn, OfferOut, PasswordIn, ProofIn, RecoveryOut, SessionOut
from schemas.oauth import TokenOut
from schemas.webhooks import WebhookMade
from tests.fuzz.planted import secret_settings, word, write_secrets


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_secrets(tmp_path / "secrets")
    return tmp_path / "secrets"


def given(settings: Settings, name: str) -> str:
    """What was given as a secret, or as a book of them."""
    value: Any = getattr(settings, name)
    held = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
    return "".join(one.get_secret_value() for one in held)


@pytest.mark.parametrize("name", secret_settings())
def test_each_secret_comes_from_a_file_and_shows_nowhere(folder: Path, name: str) -> None:
    settings = load_settings(_secrets_dir=folder)
    assert word(name) in given(settings, name)
    assert "gieo-" not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize("name", secret_settings())
def test_the_environment_comes_before_a_file(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    value = getattr(load_settings(_secrets_dir=folder), name)
    shapes: dict[type, str] = {dict: json.dumps({"canbo01": "khoa:other"}), tuple: json.dumps(["other"])}
    other = shapes.get(type(value), "other")
    monkeypatch.setenv(f"LIENTHONG_{name.upper()}", other)
    assert "other" in given(load_settings(_secrets_dir=folder), name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("worker_rounds", "gieo-on-the-wrong-line"),
        ("retry_waits_seconds", '["gieo-1", 2]'),
        ("population_officers", '{"canbo01": ["gieo-1"]}'),
        ("population_officers", '{"canbo01": "gieo-1'),
        ("retry_schedules", '{"portal.unknown": "gieo-1"}'),
        ("log_witnesses", "gieo-not-json"),
    ],
)
def test_what_is_wrong_is_named_and_its_value_is_not(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"LIENTHONG_{name.upper()}", value)
    with pytest.raises(ConfigurationError, match=name) as refused:
        load_settings(_secrets_dir=folder)
    assert "gieo-" not in "".join(traceback.format_exception(refused.value))


def test_a_password_in_the_database_address_is_not_shown() -> None:
    settings = load_settings(database_url="postgresql://lienthong:gieo-1@db.example/lienthong")
    assert "gieo-" not in repr(settings)


def test_a_file_that_names_no_setting_is_refused(folder: Path) -> None:
    (folder / "lienthong_portal_pasword").write_text("gieo-1", "utf-8")
    with pytest.raises(ConfigurationError, match="'lienthong_portal_pasword' names no setting") as refused:
        load_settings(_secrets_dir=folder)
    assert "gieo-" not in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LIENTHONG_SECRETS_DIR"):
        load_settings(_secrets_dir=tmp_path / "nowhere")


def test_a_file_that_others_write_is_refused_and_one_that_they_read_is_told(folder: Path) -> None:
    file = folder / "lienthong_portal_password"
    file.chmod(0o644)
    load_settings(_secrets_dir=folder)
    assert open_secrets(folder) == ["lienthong_portal_password"]
    file.chmod(0o602)
    with pytest.raises(ConfigurationError, match="may be written"):
        load_settings(_secrets_dir=folder)


@pytest.mark.parametrize(
    ("shape", "secret"),
    [
        *((LoginIn, name) for name in ("password", "code")),
        *((PasswordIn, name) for name in ("old", "new")),
        (ProofIn, "password"),
        (CodeIn, "code"),
        (SessionOut, "csrf_token"),
        *((OfferOut, name) for name in ("secret", "address")),
        (RecoveryOut, "recovery_codes"),
        (InvitationOut, "one_time_password"),
        (TokenOut, "access_token"),
        (WebhookMade, "secret"),
    ],
)
def test_no_shape_shows_what_was_typed_or_is_shown_once(shape: type[BaseModel], secret: str) -> None:
    assert secret in shape.model_fields
    assert "gieo-" not in repr(shape.model_construct(None, **{secret: "gieo-1"}))
