"""Logs and metrics. One JSON line an event, one correlation id from door to nation, no personal values."""

import logging
import sys
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from asgi_correlation_id import correlation_id
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

REGISTRY = CollectorRegistry(auto_describe=True)
_log = structlog.get_logger(__name__)

ACCEPTED = Counter(
    "lienthong_records", "Records handed over, by kind and answer", ["kind", "answer"], registry=REGISTRY
)
DELIVERIES = Counter(
    "lienthong_delivery_outcomes",
    "Messages sent, by target, outcome and class of failure",
    ["target", "outcome", "failure"],
    registry=REGISTRY,
)
DELIVERY_SECONDS = Histogram(
    "lienthong_delivery_seconds",
    "From the commit at the door to the nation's yes",
    ["target"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400),
    registry=REGISTRY,
)
PROBES = Counter(
    "lienthong_probes", "Messages asked about, by what the nation said", ["target", "knowledge"], registry=REGISTRY
)
CALL_PHASE_SECONDS = Histogram(
    "lienthong_call_phase_seconds",
    "Time of one wire call by phase: queue (for a connection), connect, first_byte, total",
    ["target", "phase"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
BREAKER = Gauge(
    "lienthong_breaker_state",
    "1 for the state the gate of a target is in (closed, open, trial, ramp), 0 for the others",
    ["target", "state"],
    registry=REGISTRY,
)
HELD = Gauge("lienthong_holds", "Holds that operators have placed and not lifted", ["target"], registry=REGISTRY)
CALL_SECONDS = Histogram(
    "lienthong_call_seconds",
    "Time of one wire call, first byte sent to last byte read",
    ["target", "service"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=REGISTRY,
)
ROUND_SECONDS = Histogram("lienthong_round_seconds", "Time of one delivery round", ["target"], registry=REGISTRY)
LANES = Gauge("lienthong_lanes", "Lanes by target and state", ["target", "state"], registry=REGISTRY)
MESSAGES = Gauge("lienthong_messages", "Deliveries by target and state", ["target", "state"], registry=REGISTRY)
OLDEST_WAITING_SECONDS = Gauge(
    "lienthong_oldest_waiting_seconds", "Age of the oldest delivery not settled", ["target"], registry=REGISTRY
)
PERSON_CHECKS = Counter(
    "lienthong_person_checks", "Questions to the population database", ["outcome"], registry=REGISTRY
)
DOCUMENTS = Counter(
    "lienthong_documents", "Files handed over, by role and answer", ["role", "answer"], registry=REGISTRY
)
TURNED_AWAY = Counter(
    "lienthong_turned_away",
    "Requests turned away at the door: rate (too often), full (too many at once), slow (the body did not come)",
    ["reason"],
    registry=REGISTRY,
)
LINKS = Gauge(
    "lienthong_links", "Links of documents, by state (new, live, dead, withdrawn)", ["state"], registry=REGISTRY
)
UNKNOWN_LINKS = Counter(
    "lienthong_unknown_links", "Requests for addresses of documents that nobody made", registry=REGISTRY
)
FILES = Gauge(
    "lienthong_files", "Files in the document store, by state (promised, kept, damaged)", ["state"], registry=REGISTRY
)
LOG_ENTRIES = Gauge(
    "lienthong_log_entries",
    "Entries of the audit log, by how far they are: sequenced, signed",
    ["state"],
    registry=REGISTRY,
)
LOG_AGE_SECONDS = Gauge(
    "lienthong_log_age_seconds", "Age of the oldest entry that no signed checkpoint covers", registry=REGISTRY
)
LOG_CHECK_SHARE = Gauge(
    "lienthong_log_check_share", "Share of the log that the running pass of the self-check has read", registry=REGISTRY
)
LOG_CHECK_WHOLE_AGE_SECONDS = Gauge(
    "lienthong_log_check_whole_age_seconds", "Since the self-check last came to the end of the log", registry=REGISTRY
)
LOG_CHECK_OK = Gauge(
    "lienthong_log_check_ok",
    "1 while the self-check runs as it should and finds nothing, 0 otherwise; nothing where it is off",
    ["of"],
    registry=REGISTRY,
)
LOG_CHECKED = Counter("lienthong_log_checked", "Entries that this process read again", registry=REGISTRY)
LOG_STAMP_OVERDUE_SECONDS = Gauge(
    "lienthong_log_stamp_overdue_seconds", "How long the next time-stamp of the log is overdue", registry=REGISTRY
)
LOG_SEQUENCED = Counter("lienthong_log_sequenced", "Entries that this process brought into the tree", registry=REGISTRY)


@contextmanager
def round_timer(target: str) -> Iterator[None]:
    """Time one delivery round."""
    with ROUND_SECONDS.labels(target).time():
        yield


def serve_metrics(port: int) -> None:
    """Serve this process's figures on a port of its own, for a process that has no door."""
    start_http_server(port, registry=REGISTRY)


def tell_intake(records: Sequence[tuple[str, str]], correlation: str) -> None:
    """Count records by kind and outcome, and write one line for all that came in one request."""
    for kind, outcome in records:
        ACCEPTED.labels(kind, outcome).inc()
    outcomes = dict(Tally(outcome for _, outcome in records))
    _log.info("received", records=len(records), outcomes=outcomes, correlation_id=correlation)


def _add_correlation_id(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    current = correlation_id.get()
    if current:
        event.setdefault("correlation_id", current)
    return event


def configure_logs(level: str, *, process: str) -> None:
    """Send everything to standard error as JSON lines, the libraries' own records included."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation_id,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    for chatty in ("httpx", "httpcore", "aiosqlite", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
