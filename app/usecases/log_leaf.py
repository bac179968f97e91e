"""The leaf of an audit entry, whatever the entry holds: no entry may keep those behind it out of the tree."""

import hashlib
from collections.abc import Mapping

from app.tlog import LeafRefused, leaf_of


def leaf_for(entry: Mapping[str, object]) -> bytes:
    """The canonical leaf of a row of ``audit``, whose ``detail`` is the stored text.

    Where the details are too long for a leaf or have no canonical form, their SHA-256 stands in their place
    (``{"detail_sha256": …}``): the entry is proven all the same, and who has it can tell that it is the one.

    Raises:
        LeafRefused: a row that is no entry.
    """
    try:
        return leaf_of(entry)
    except LeafRefused:
        digest = hashlib.sha256(str(entry["detail"]).encode()).hexdigest()
        return leaf_of({**entry, "detail": {"detail_sha256": digest}})
