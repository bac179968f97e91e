"""The liar's own export: whatever the rows say now, with whatever tiles and checkpoint there are, checked by nobody."""

import zipfile
from pathlib import Path

from sqlalchemy import select

from app.domain.merkle import (
    TileMissing,
    consistency_proof,
    inclusion_proof,
    tiles_for_consistency,
    tiles_for_inclusion,
)
from app.store import translog
from app.store.log_tables import log_leaves
from app.store.session import ReadSession
from app.store.tables import audit
from app.tlog import Verifier
from app.usecases import export_log, prove_log
from app.usecases.log_leaf import leaf_for
from app.usecases.prove_log import Proof, Signed


async def export(session: ReadSession, dossier: str, verifiers: tuple[Verifier, ...], old_size: int, out: Path) -> None:
    """Write a bundle about a dossier that looks as right as the database allows.

    An entry without a leaf gets the place behind the last one that it can get: no proof of it can be made.
    """
    signed = await prove_log.newest(session)
    joined = audit.outerjoin(log_leaves, log_leaves.c.audit_id == audit.c.id)
    statement = select(audit, log_leaves.c.seq).select_from(joined)
    rows = await session.rows(statement.where(audit.c.dossier_code == dossier).order_by(audit.c.id))
    proofs = [await _proof(session, row._asdict(), signed) for row in rows]
    with zipfile.ZipFile(out, "w") as bundle:
        for proof in proofs:
            export_log.write(bundle, f"proofs/{proof.index}.tlog-proof", proof.to_text().encode())
        leaves = [proof.leaf for proof in sorted(proofs, key=lambda proof: proof.index)]
        export_log.write(bundle, "entries.ndjson", b"".join(leaf + b"\n" for leaf in leaves))
        path = await _grown(session, old_size, signed.size)
        export_log.write_frame(bundle, {"dossier_code": dossier}, signed.note, verifiers, path)


async def _proof(session: ReadSession, row: dict[str, object], signed: Signed) -> Proof:
    place = row.pop("seq")
    seq = place if isinstance(place, int) else signed.size - 1
    tiles = await translog.tiles(session, tiles_for_inclusion(seq, signed.size))
    return Proof(leaf_for(row), seq, tuple(inclusion_proof(seq, signed.size, tiles)), signed.note)


async def _grown(session: ReadSession, old_size: int, size: int) -> list[bytes] | None:
    if old_size > size:
        return None
    try:
        return consistency_proof(old_size, size, await translog.tiles(session, tiles_for_consistency(old_size, size)))
    except TileMissing:
        return None
