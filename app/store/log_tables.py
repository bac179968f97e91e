"""The tables of the transparency log: leaves, tiles, checkpoints, who leads, what may still come late, the check.

The audit table is what is logged; nothing here is written in the transaction of a fact. ``log_leaves``,
``log_checkpoints``, ``log_cosignatures`` and ``log_timestamps`` only grow: the database refuses anything else, as for
``audit``.
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

# RFC 3161: an authority's reply over the note of a checkpoint, as it came; ``stamped_at`` is the time in it.
log_timestamps = Table(
    "log_timestamps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("checkpoint_id", Id, ForeignKey("log_checkpoints.id"), nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    Column("stamped_at", UtcTime, nullable=False),
    Column("authority", String(255), nullable=False),
    Column("reply", LargeBinary, nullable=False),
)

# How far the log was read again, one row. ``progress`` is where the pass that runs goes on, ``finding`` the first lie
# of the newest pass that found one, both JSON.
log_check = Table(
    "log_check",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("first_at", UtcTime, nullable=False),
    Column("moved_at", UtcTime, nullable=False),
    Column("progress", Text),
    Column("size", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("lies", BigInteger, nullable=False),
    Column("finding", Text),
    Column("found_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("whole_at", UtcTime),
    Column("whole_size", BigInteger, nullable=False),
)
