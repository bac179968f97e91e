"""Files of master keys: made once, for their owner's eyes, refused otherwise; nothing of them is ever shown."""

from pathlib import Path

import pytest

from app.config import Settings
from app.errors import ConfigurationError
from app.policies import master_keys
from app.sealing import MalformedMasterKey, MasterKey, SecretFileRefused, new_openings
from tests.worlds import settings


def _secret(path: Path) -> str:
    return path.read_text("utf-8").strip().rpartition("+")[2]


def test_a_master_key_is_read_as_it_was_made_and_shows_nothing(tmp_path: Path) -> None:
    made, file = MasterKey.generate(), tmp_path / "master.key"
    made.save(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert MasterKey.load(file) == made
    assert made.id in repr(made)
    assert "_secret" not in repr(made)
    assert "003190123456" not in repr(new_openings({"number": "003190123456"}))
    with pytest.raises(SecretFileRefused, match="cannot be made"):
        MasterKey.generate().save(file)
    assert MasterKey.load(file) == made


@pytest.mark.parametrize("change", ["", "x", "two\nlines", "lienthong-master+0123456789abcdef+AAAA", "flip", "id"])
def test_what_is_no_master_key_is_refused_without_showing_it(tmp_path: Path, change: str) -> None:
    file = tmp_path / "master.key"
    MasterKey.generate().save(file)
    secret, text = _secret(file), file.read_text("utf-8")
    if change == "flip":
        change = text.replace(secret, ("B" if secret[0] == "A" else "A") + secret[1:])
    elif change == "id":
        change = text.replace("+", "+0", 1)
    file.write_text(change, "utf-8")
    with pytest.raises(MalformedMasterKey) as refused:
        MasterKey.load(file)
    assert secret[1:] not in str(refused.value)


def test_a_file_that_others_may_read_is_refused_at_the_start(tmp_path: Path) -> None:
    current, old = tmp_path / "new.key", tmp_path / "old.key"
    for file in (current, old):
        MasterKey.generate().save(file)
    assert master_keys(settings()) is None
    ring = master_keys(settings(master_key=current, master_old_keys=(old,)))
    assert ring is not None
    assert ring.known.keys() == {MasterKey.load(current).id, MasterKey.load(old).id}
    assert ring.current == MasterKey.load(current)
    old.chmod(0o640)
    for name, wrong in {
        "MASTER_OLD_KEYS": settings(master_key=current, master_old_keys=(old,)),
        "MASTER_KEY": settings(master_key=tmp_path / "none"),
        "no LIENTHONG_MASTER_KEY": Settings(master_old_keys=(current,)),
    }.items():
        with pytest.raises(ConfigurationError, match=name):
            master_keys(wrong)
