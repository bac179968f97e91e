"""What a check raises, and what it holds rows against."""

import json

from app.domain.log_check import Finding
from app.domain.merkle import leaf_hash
from app.store.session import Row
from app.tlog import LeafRefused
from app.usecases.log_leaf import leaf_for


class Lies(Exception):
    """Carries a finding up."""

    def __init__(self, finding: Finding) -> None:
        """Take what was found."""
        super().__init__(finding.words)
        self.finding = finding


def hash_of(row: Row, **changes: object) -> bytes | None:
    """The leaf hash of a row; None when it has no leaf."""
    try:
        return leaf_hash(leaf_for(row | changes))
    except LeafRefused:
        return None


def as_written(row: Row) -> bool:
    """Whether the detail is written as ``app.store.audit`` writes it: a leaf holds what it means only."""
    text = row["detail"]
    try:
        return bool(json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) == text)
    except (ValueError, TypeError, RecursionError):
        # What is no JSON has a leaf all the same, by its hash; nothing of ours wrote it.
        return False
