"""Settings of the transparency log: keys are read once, and what is wrong names the setting and no key."""

from pathlib import Path
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.policies import log_policy
from app.tlog import KeyKind, Signer, create_key_file, generate
from tests.worlds import settings

ORIGIN = "log.example/h15"
OLD = Signer.parse(generate(ORIGIN)).verifier


def test_a_key_names_the_log_and_older_ones_still_count(tmp_path: Path) -> None:
    own = create_key_file(tmp_path / "key", ORIGIN)
    policy = log_policy(settings(log_key=tmp_path / "key", log_old_keys=(OLD.vkey,)))
    assert (policy.origin, policy.verifiers, policy.memory) == (ORIGIN, (own, OLD), tmp_path / "key.signed")


def test_without_a_key_nobody_signs() -> None:
    assert log_policy(settings()).signer is None


@pytest.mark.parametrize("wrong", ["origin", "kind", "mode", "old key", "witness key"])
def test_what_is_wrong_names_the_setting_and_shows_no_key(tmp_path: Path, wrong: str) -> None:
    create_key_file(tmp_path / "log", ORIGIN)
    create_key_file(tmp_path / "witness", ORIGIN, KeyKind.COSIGNATURE_V1)
    (tmp_path / "open").write_text(generate(ORIGIN), "utf-8")
    (tmp_path / "open").chmod(0o644)
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "origin": ({"log_key": tmp_path / "log", "log_origin": "other"}, "LOG_ORIGIN"),
        "kind": ({"log_key": tmp_path / "witness"}, "LOG_KEY"),
        "mode": ({"log_key": tmp_path / "open"}, "LOG_KEY"),
        "old key": ({"log_key": tmp_path / "log", "log_old_keys": (generate(ORIGIN),)}, "LOG_OLD_KEYS"),
        "witness key": ({"log_witness_key": tmp_path / "log"}, "LOG_WITNESS_KEY"),
    }
    given, name = cases[wrong]
    with pytest.raises(ConfigurationError, match=f"LIENTHONG_{name}: ") as refused:
        log_policy(settings(**given))
    assert "PRIVATE" not in str(refused.value)
