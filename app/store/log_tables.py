"""The tables of the transparency log: leaves, tiles, checkpoints, who leads, what may still come late.

The audit table is what is logged; nothing here is written in the transaction of a fact. ``log_leaves``,
``log_checkpoints`` and ``log_cosignatures`` only grow: the database refuses anything else, as for ``audit``.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, Text, UniqueConstraint, text

from app.store.tables import Id, UtcTime, metadata

# The place of an entry in the tree. Its hash is kept so that a changed entry can be told from a changed tree.
log_leaves = Table(
    "log_leaves",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("leaf_hash", LargeBinary(32), nullable=False),
)

# C2SP tlog-tiles: up to 256 hashes of 32 bytes side by side. The rightmost of a level grows until it is full.
log_tiles = Table(
    "log_tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

log_checkpoints = Table(
    "log_checkpoints",
    metadata,
    Column("id", Id, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
)

# One line a witness and checkpoint, as it goes below the note.
log_cosignatures = Table(
    "log_cosignatures",
    metadata,
    Column("id", Id, primary_key=True),
    Column("checkpoint_id", Id, ForeignKey("log_checkpoints.id"), nullable=False),
    Column("witness", String(255), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("line", Text, nullable=False),
    UniqueConstraint("checkpoint_id", "witness"),
)

# Who sequences now. The fence is raised whenever another begins.
log_lease = Table(
    "log_lease",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("holder", String(100), nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
)

# Numbers below the highest sequenced entry that had no entry when they were passed: given out to transactions that
# were rolled back, or that commit later. ``horizon`` is PostgreSQL's next transaction at that time.
log_gaps = Table(
    "log_gaps",
    metadata,
    Column("first_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("horizon", BigInteger),
)

# The witness role: the newest checkpoint of each foreign log that was cosigned here.
log_witnessed = Table(
    "log_witnessed",
    metadata,
    Column("origin", String(255), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
)
