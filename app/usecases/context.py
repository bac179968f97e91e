"""What a use case works with. Built once by ``app.wiring``; tests build it with shipped fakes."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.x509 import Certificate

from app.domain.access import Permission, Reach, of_person, permissions_of
from app.domain.breaker import BreakerPolicy
from app.domain.delivery import Target
from app.domain.documents import GateMode, Judged, Marks, Role, SignerKind, Verdict
from app.domain.retry import Schedules
from app.domain.standing import Mode
from app.domain.worktime import WorkingCalendar
from app.papers import Examined
from app.papers.bundle_facts import Seal
from app.reference import Catalogue, ProcedureFacts, UnitFacts
from app.reference.places import Places, shipped_places
from app.reference.retention import Classes, shipped_classes
from app.reference.rules import RuleBook, shipped_rules
from app.store.session import Database
from app.tlog.keys import Signer, Verifier
from app.usecases.access_tokens import KeyFiles
from app.usecases.issuer_keys import KeyBook
from app.usecases.people import PeoplePolicy
from app.vault import Vault
from connectors.base import Connector
from connectors.links import Prober
from connectors.national_store import NationalStore
from connectors.population.outcomes import PersonConnector
from connectors.scanner import Scanner
from connectors.timestamp import TimestampConnector
from connectors.witness import WitnessConnector
from schemas.provincial import DossierIn, StepIn


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: a token's or an account's name, the agency it stands for, what it may do, and where.

    ``scopes`` are names of scopes, roles and single permissions (``app.domain.access``).
    """

    name: str
    agency: str
    scopes: frozenset[str]
    reach: Reach = field(default_factory=Reach)

    @property
    def is_person(self) -> bool:
        """Whether it is somebody's own account, and no software's: only these have roles."""
        return of_person(self.scopes)

    def may(self, permission: Permission) -> bool:
        """Whether it has a permission."""
        return permission in permissions_of(self.scopes)


class Encoder(Protocol):
    """Turns a record into the exact message that a target is promised.

    Raises ``connectors.errors.Unmapped`` when a value has no national code: refused at the door.
    """

    def dossier(
        self,
        code: str,
        dossier: DossierIn,
        procedure: ProcedureFacts,
        field_code: str,
        unit: UnitFacts,
        marks: Marks,
    ) -> str:
        """JSON text of a snapshot; of what is not in the record it says what ``marks`` say."""

    def step(self, dossier_code: str, step: StepIn) -> str:
        """JSON text of a progress step."""


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """Bounds of the engine towards one kind of destination.

    ``call_seconds`` is the longest a call may take, all tries within it included. ``settle_seconds`` is how long
    the far side may still be at work on a call that was given up. After ``failing_calls_max`` failed calls in a
    row a round sends no more. What is known is written down every ``flush_messages``. Without a ``breaker`` nothing but
    the schedules holds calls back.
    """

    schedules: Schedules
    lanes_per_claim: int = 100
    steps_per_lane: int = 50
    calls_in_flight: int = 8
    lease_seconds: float = 180.0
    call_seconds: float = 60.0
    settle_seconds: float = 0.0
    failing_calls_max: int = 3
    flush_messages: int = 400
    breaker: BreakerPolicy | None = None


class Examiner(Protocol):
    """Opens files apart from us, says what they are, and judges their signatures.

    Raises ``app.papers.FileRefused`` for a file that is not what it must be.
    """

    async def examine(self, file: BinaryIO, role: Role, at: datetime) -> tuple[Examined, Judged]:
        """What a file is, and its signatures as they stand at a time."""

    async def judge(self, file: BinaryIO, at: datetime) -> Judged:
        """The signatures of a file that was examined before."""

    async def aclose(self) -> None:
        """Let go of what is held open."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where files lie, who looks at them, and who is asked about them.

    Without a ``scanner`` none is asked; without a ``national_store`` a look-up says that it was not asked. A ``seal``
    signs the covers of bundles, which pass through ``spool_dir`` (None: the system's temporary folder).
    """

    vault: Vault
    examiner: Examiner
    prober: Prober
    scanner: Scanner | None = None
    national_store: NationalStore | None = None
    seal: Seal | None = None
    spool_dir: Path | None = None


# NĐ 30/2020/NĐ-CP Điều 13.7; also where settings name single results only.
_BOTH = frozenset({SignerKind.PERSON, SignerKind.AGENCY})


@dataclass(frozen=True, slots=True)
class PaperPolicy:
    """The rules about documents that a province sets.

    ``signers`` says by result code who must sign ("*": all others); ``gate_mode`` holds for units that nobody has
    switched, and for the statuses of ``gate_statuses``. ``retry_seconds`` are the waits after a link did not work.
    """

    public_url: str = "http://127.0.0.1:8080"
    bytes_max: int = 100 * 1024 * 1024
    signers: Mapping[str, frozenset[SignerKind]] = field(default_factory=lambda: {"*": _BOTH})
    verdicts: frozenset[Verdict] = frozenset({Verdict.VALID})
    gate_mode: GateMode = GateMode.REPORT
    gate_statuses: frozenset[str] = frozenset({"returned"})
    retry_seconds: tuple[float, ...] = (10.0, 60.0, 300.0, 1800.0, 3600.0)
    recheck_seconds: float = 86400.0
    upload_life_seconds: float = 2 * 86400.0
    check_bytes_per_second: int = 5_000_000

    def wanted(self, result_code: str | None) -> frozenset[SignerKind]:
        """Who must sign a result of this code."""
        return self.signers.get(result_code or "*", self.signers.get("*", _BOTH))


@dataclass(frozen=True, slots=True)
class OncePolicy:
    """The rules about asking once that a province sets beside its tables.

    The two quotas of questions are kept on our side; 0: none. An answer about a person feeds decisions about its
    dossier for ``answer_seconds``; a decision allows a request for ``decision_seconds``. All sources of one check
    together have ``seconds``. Dossiers received before ``counted_from`` (a Vietnamese day) are not judged. A login by
    VNeID counts when it was at most ``vneid_login_seconds`` before the dossier was filed.
    """

    unit_calls_per_second: int = 5
    officer_calls_per_day: int = 200
    answer_seconds: float = 86400.0
    seconds: float = 10.0
    decision_seconds: float = 7 * 86400.0
    counted_from: date | None = None
    vneid_login_seconds: float = 86400.0
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


@dataclass(frozen=True, slots=True)
class StampPolicy:
    """The rules of time-stamps (RFC 3161) on checkpoints.

    A reply must lead to one of ``roots``. The newest checkpoint is stamped at most once in ``seconds``. Where that is
    overdue for longer than ``limit_seconds`` nothing is exchanged; 0: that stops nothing.
    """

    roots: tuple[Certificate, ...] = ()
    seconds: float = 21600.0
    limit_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """The rules of the transparency log.

    Without a ``signer`` entries are sequenced and no checkpoint is made, so that no age is counted and none stops
    anything. ``verifiers`` are the keys whose earlier checkpoints count, the signer's own among them; ``earlier`` are
    the names that the log had under those of another name. What was signed last is also kept in the file ``memory``,
    out of the database's reach. ``witnesses`` (by address) are asked to cosign; with a ``cosigner`` the checkpoints of
    the logs in ``witnessed`` (keys by origin) are cosigned here.
    In the background ``check_rows_per_second`` rows are read again (0: none), all of them within ``check_days``.
    """

    origin: str = ""
    signer: Signer | None = None
    verifiers: tuple[Verifier, ...] = ()
    earlier: tuple[str, ...] = ()
    checkpoint_seconds: float = 60.0
    age_max_seconds: float = 14400.0
    memory: Path | None = None
    witnesses: Mapping[str, Verifier] = field(default_factory=dict)
    witnessed: Mapping[str, tuple[Verifier, ...]] = field(default_factory=dict)
    cosigner: Signer | None = None
    stamps: StampPolicy = field(default_factory=StampPolicy)
    check_rows_per_second: int = 200
    check_days: float = 30.0


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """The rules of keeping entries and letting them go.

    Without an ``archive_dir`` nothing is removed. One block looks at ``window`` entries at most and archives ``block``
    of them. Where the free share of a disk falls below ``disk_free_share_min`` people are told.
    """

    classes: Classes = field(default_factory=shipped_classes)
    archive_dir: Path | None = None
    block: int = 1000
    window: int = 20_000
    disk_free_share_min: float = 0.1


@dataclass(frozen=True, slots=True)
class ExternalIssuer:
    """Another who gives tokens: its name and ours as they say them, letter for letter, and its keys."""

    issuer: str
    audience: str
    keys: KeyBook


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """The rules of short-lived tokens; without ``keys`` none are given, and none of ours let in.

    ``static`` says whether tokens of the command line let in too, ``external`` whose tokens do beside ours.
    """

    issuer: str = "http://127.0.0.1:8080"
    keys: KeyFiles | None = None
    life_seconds: float = 600.0
    static: bool = True
    external: ExternalIssuer | None = None


@dataclass(frozen=True, slots=True)
class Posture:
    """How this installation is set up, as far as the self-check must see it; never a secret itself.

    ``private_files`` are files that only their owner may read, by the setting that names them.
    """

    mode: Mode = Mode.DEVELOPMENT
    token_key: bool = False
    mock_secrets: tuple[str, ...] = ()
    plain_http: tuple[str, ...] = ()
    environment_secrets: tuple[str, ...] = ()
    private_files: Mapping[str, Path] = field(default_factory=dict)
    weakness_report: Path | None = None


@dataclass(slots=True)
class ComplianceLook:
    """What this process last judged, and when; None: it has not looked."""

    at: datetime | None = None
    red: tuple[str, ...] = ()


@dataclass(slots=True)
class LogLook:
    """What this process last saw of the log's age, and when; None: it has not looked.

    ``overdue_seconds`` is how long a time-stamp is overdue.
    """

    at: datetime | None = None
    age_seconds: float = 0.0
    overdue_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a use case needs, and nothing that reads the environment."""

    database: Database
    catalogue: Catalogue
    agency: str
    encoders: Mapping[Target, Encoder]
    connectors: Mapping[Target, Connector]
    policies: Mapping[Target, DeliveryPolicy]
    population: PersonConnector | None = None
    person_procedures: frozenset[str] | None = None
    # Officers who may ask; None: the far side alone knows them.
    person_officers: frozenset[str] | None = None
    # Without a list of holidays every Monday to Friday is worked; app.wiring gives the real one.
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    backlog_age_seconds: float = 3600.0
    papers: PaperPolicy = field(default_factory=PaperPolicy)
    files: Files | None = None
    rules: RuleBook = field(default_factory=shipped_rules)
    places: Places = field(default_factory=shipped_places)
    once: OncePolicy = field(default_factory=OncePolicy)
    log: LogPolicy = field(default_factory=LogPolicy)
    access: TokenPolicy = field(default_factory=TokenPolicy)
    people: PeoplePolicy = field(default_factory=PeoplePolicy)
    retention: RetentionPolicy = field(default_factory=RetentionPolicy)
    log_look: LogLook = field(default_factory=LogLook)
    posture: Posture = field(default_factory=Posture)
    compliance_look: ComplianceLook = field(default_factory=ComplianceLook)
    witness: WitnessConnector | None = None
    stamper: TimestampConnector | None = None
    draw: Callable[[], float] = field(default=random.random)
