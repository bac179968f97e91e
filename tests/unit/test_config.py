"""Settings: read once, refused by name when they cannot work, secrets never shown."""

from pathlib import Path

import pytest

from app.config import RetrySchedule, load_settings
from app.domain.delivery import Target
from app.errors import ConfigurationError
from app.policies import schedules


def test_the_defaults_run_an_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIENTHONG_DATABASE_URL", raising=False)
    settings = load_settings()
    assert settings.is_sqlite
    assert settings.call_tries_max <= 3
    assert settings.call_tries_seconds <= 10


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIENTHONG_AGENCY", "H22")
    monkeypatch.setenv("LIENTHONG_RETRY_WAITS_SECONDS", "[1, 2]")
    settings = load_settings()
    assert settings.agency == "H22"
    assert settings.retry_waits_seconds == (1, 2)


def test_a_wrong_setting_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIENTHONG_WORKER_ROUNDS", "0")
    with pytest.raises(ConfigurationError, match="worker_rounds"):
        load_settings()


def test_a_lease_shorter_than_a_call_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="LEASE"):
        load_settings(worker_lease_seconds=30.0)


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "lienthong_portal_password").write_text("planted-secret", "utf-8")
    settings = load_settings(_secrets_dir=tmp_path)
    assert settings.portal_password.get_secret_value() == "planted-secret"
    assert "planted-secret" not in repr(settings)


@pytest.mark.parametrize("key", ["portal.permanent", "webhook.permanent", "portal.lazy", "moon.unknown"])
def test_a_schedule_that_could_never_be_used_is_refused_by_name(key: str) -> None:
    odd = {key: RetrySchedule(waits_seconds=(5,), attempts_max=3, age_max_seconds=60)}
    with pytest.raises(ConfigurationError, match=f"LIENTHONG_RETRY_SCHEDULES: '{key}'"):
        schedules(load_settings(retry_schedules=odd), Target.PORTAL)
