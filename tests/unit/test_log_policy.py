"""Settings of the transparency log: keys are read once, and what is wrong names the setting and no key."""

from pathlib import Path
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.policies import log_policy
from app.tlog import KeyKind, Signer, create_key_file, generate
from app.wiring import build_context, close_context
from tests.stamping import authority
from tests.worlds import settings

ORIGIN = "log.example/h15"
OLD = Signer.parse(generate(ORIGIN)).verifier


def test_a_key_names_the_log_and_older_ones_still_count(tmp_path: Path) -> None:
    own = create_key_file(tmp_path / "key", ORIGIN)
    policy = log_policy(settings(log_key=tmp_path / "key", log_old_keys=(OLD.vkey,)))
    assert (policy.origin, policy.verifiers, policy.memory) == (ORIGIN, (own, OLD), tmp_path / "key.signed")


def test_without_a_key_nobody_signs() -> None:
    assert log_policy(settings()).signer is None


_WRONG = ["origin", "kind", "mode", "old key", "witness key", "no roots", "bad roots", "limit alone"]


@pytest.mark.parametrize("wrong", _WRONG)
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
    (tmp_path / "none.pem").write_text("no certificate", "utf-8")
    url, none = "https://tsa.example/tsr", str(tmp_path / "none.pem")
    cases |= {
        "no roots": ({"log_timestamps": url}, "LOG_TIMESTAMPS"),
        "bad roots": ({"log_timestamps": url, "log_timestamp_roots": (none,)}, "LOG_TIMESTAMP_ROOTS"),
        "limit alone": ({"log_timestamp_limit_seconds": 3600.0}, "LOG_TIMESTAMP_LIMIT_SECONDS"),
    }
    given, name = cases[wrong]
    with pytest.raises(ConfigurationError, match=f"^LIENTHONG_{name}\\b") as refused:
        log_policy(settings(**given))
    assert "PRIVATE" not in str(refused.value)


async def test_with_roots_checkpoints_are_stamped(tmp_path: Path) -> None:
    root = authority().write_root(tmp_path)
    given = settings(log_timestamps="https://province:secret@tsa.example/tsr?key=1", log_timestamp_roots=(str(root),))
    context = build_context(given)
    assert context.log.stamps.roots == (authority().root,)
    assert context.stamper is not None
    assert context.stamper.authority == "https://tsa.example/tsr"
    await close_context(context)
