"""The classes of retention: each kind of entry has one, and what is too short or cannot be meant is refused."""

from pathlib import Path

import pytest

from app.domain.audit import AuditKind
from app.domain.retention import ALWAYS, BREACH, LOG_DAYS_MIN
from app.errors import ConfigurationError
from app.policies import retention_policy
from app.reference import CatalogueError
from app.reference.retention import FILE, load_classes, shipped_classes
from tests.worlds import settings

HEADER = "class,kinds,days,legal_basis,name_vi,name_en"
BREACH_ROW = "breach,,1826,Luật,Vi phạm,Breach"
GOOD = "a,received;refused,365,Luật,Tên,Name"


def test_every_kind_of_entry_has_a_class_that_is_kept_for_a_year_at_least() -> None:
    classes = shipped_classes()
    assert {kind for kind in AuditKind if classes.of_kind(kind) is None} == set()
    assert all(each.days is None or each.days >= LOG_DAYS_MIN for each in classes.by_code.values())
    assert classes.breach_days >= 5 * 365
    assert all(classes.of_kind(kind).days is None for kind in ALWAYS)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["a,received,364,Luật,Tên,Name", BREACH_ROW], "row 2: 'a' must be kept for 365 days at least, not 364"),
        ([GOOD, "breach,,1825,Luật,Vi phạm,Breach"], "row 3: 'breach' must be kept for 1826 days at least"),
        ([GOOD, "b,refused,400,Luật,Tên,Name", BREACH_ROW], "row 3: 'refused' is in the class 'a' already"),
        ([GOOD, "b,hearsay,400,Luật,Tên,Name", BREACH_ROW], "row 3: kinds cannot be 'hearsay'"),
        ([GOOD, "b,retention,400,Luật,Tên,Name", BREACH_ROW], "row 3: retention tells what was archived"),
        ([GOOD, "b,,400,Luật,Tên,Name", BREACH_ROW], "row 3: every class names kinds"),
        ([GOOD, "breach,,always,Luật,Vi phạm,Breach"], "row 3: 'breach' needs a number of days"),
        ([GOOD], "the class 'breach' is missing"),
        ([], "the class 'breach' is missing"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_row(tmp_path: Path, rows: list[str], words: str) -> None:
    (tmp_path / FILE).write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    with pytest.raises(CatalogueError, match=words):
        load_classes(tmp_path)


def test_a_province_may_keep_longer_and_what_it_leaves_out_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(f"{HEADER}\n{GOOD}\n{BREACH_ROW}\n", "utf-8")
    classes = load_classes(tmp_path)
    assert list(classes.by_code) == ["a", BREACH]
    assert classes.of_kind(AuditKind.PROBE) is None


def test_a_folder_that_is_none_ends_the_start(tmp_path: Path) -> None:
    assert retention_policy(settings(archive_dir=tmp_path)).archive_dir == tmp_path
    with pytest.raises(ConfigurationError, match="LIENTHONG_ARCHIVE_DIR"):
        retention_policy(settings(archive_dir=tmp_path / "none"))
    with pytest.raises(ConfigurationError, match=FILE):
        retention_policy(settings(reference_dir=tmp_path))
