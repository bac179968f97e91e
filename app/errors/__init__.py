"""Everything the gateway refuses or cannot do, as one tree. Edges render it; nobody else catches broadly.

LienThongError
├── Refusal                     the caller's record or request is not acceptable; carries an HTTP status
│   ├── InvalidRecord           422  the record does not have the published shape
│   ├── InvalidDossierCode      422  the dossier code does not have the legal form
│   ├── UnknownCode             422  a code that a named table does not hold
│   ├── UnreadableBody          400  not JSON, not UTF-8, or cut off
│   ├── BodyTooLarge            413  more than the door takes in one record
│   ├── StaleRevision           409  an older revision than the one held
│   ├── RevisionConflict        409  the held revision number with other content
│   ├── IllegalStatusMove       409  a status that cannot follow the held one
│   ├── StepConflict            409  a held step_id with other content
│   ├── DuplicateStep           409  a step alike in every word to one held under another id
│   ├── StepOutOfOrder          409  a step before the last one held
│   ├── NotRetriable            409  a delivery that cannot be sent again now
│   ├── NotDecidable            409  a decision about a delivery that its state does not allow
│   ├── KeyReused               409  an idempotency key that was given to another selection
│   ├── DossierNotOpen          409  a question about a person for a dossier that is closed
│   ├── UnknownDossier          404  no such dossier was ever handed over
│   ├── UnknownDelivery         404  no such delivery
│   ├── UnknownLogPart          404  not in the log, or not covered by a checkpoint yet
│   ├── UnknownDisclosure       404  no such disclosure of this person, or none that may be told yet
│   ├── NoValues                404  no such entry of the log, or one that commits to no personal value
│   ├── ValuesErased            410  the key of the values was destroyed
│   ├── ValuesAltered           409  the values are not those that the entry commits to
│   ├── ValuesUnreadable        503  the master key of the values is not at hand
│   ├── UnknownErasure          404  no such request for an erasure
│   ├── ErasureOpen             409  an erasure of this subject waits for its approval already
│   ├── ErasureDecided          409  an erasure that somebody has decided already
│   ├── OwnRequest              403  whoever asked for it cannot approve it
│   ├── RetentionRefused        409  a run or a hold that cannot be as it is wanted
│   ├── UnknownRetention        404  no such run or hold
│   ├── ArchiveNeeded           410  what was archived, where the file is not at hand
│   ├── UnknownReplay           404  no such replay
│   ├── UnknownTarget           404  no such destination is in use
│   ├── UnknownHold             404  no such hold
│   ├── HoldEnded               409  a hold that somebody has ended already
│   ├── UnknownWebhook          404  no such webhook, or another's
│   ├── BadWebhookAddress       422  news may not be sent to this address
│   ├── FileNotTaken            422  a file that is not what it must be; the slug names the fault
│   ├── UnknownDocument         404  no such document
│   ├── DocumentKnown           409  another file of the same paper (type, number, issuer, day) is held
│   ├── NotChangeable           409  a document that does not speak any more, or cannot be replaced so
│   ├── ResultMissing           409  a status that needs a signed electronic result
│   ├── UnknownSubject          404  nobody is known by this id
│   ├── UnknownCheck            404  no such check of the gate
│   ├── FactsMissing            422  what a source must be told before it can be asked
│   ├── UnknownForm             404  no such form in force
│   ├── UnknownPrefill          404  no such prefill
│   ├── PrefillEnded            409  a form that was handed in, or a preview that was answered otherwise
│   ├── UnknownDiscrepancy      404  no such discrepancy
│   ├── UnknownAnomaly          404  no such anomaly
│   ├── UnknownLock             404  the officer is not locked
│   ├── UnknownLookup           404  no such look-up, or no such candidate in it
│   ├── LookupUsed              409  a look-up whose find was taken already, or for another dossier
│   ├── UnknownUpload           404  no such upload, or another's
│   ├── UploadConflict          409  not the byte that comes next, or somebody is sending now
│   ├── UploadIncomplete        409  not all of it has come
│   ├── UnknownLink             404  no such link
│   ├── LinkGone                410  a document that was withdrawn or replaced
│   ├── NationalStoreSilent     503  the national store gave no answer that can be used
│   ├── ScannerSilent           503  the virus scanner gave no answer, so nothing is taken
│   ├── FileStoreSilent         503  the document store cannot be reached, or what lies there is damaged
│   ├── BadTokenRequest         400  a request for a token that is not one (RFC 6749, 5.2: invalid_request)
│   ├── InvalidClient           401  no such client, not its secret, or ended (invalid_client)
│   ├── UnsupportedGrant        400  another grant than client_credentials (unsupported_grant_type)
│   ├── InvalidScope            400  a scope that the client does not have (invalid_scope)
│   ├── NoTokensHere            503  no key signs tokens here (temporarily_unavailable)
│   ├── LoginRefused            401  a login that is not let in; outsiders are never told why
│   ├── LoginStepNeeded         403  the session must first change its password or enrol a second factor
│   ├── CrossSite               403  a browser's request that is not from our own pages, or lacks the session's token
│   ├── PasswordRefused         422  a new password that does not hold what one must
│   ├── ProofRefused            403  not the present password, or not a code of the new second factor
│   ├── NoSecondFactorHere      503  no key is given that could seal second factors
│   ├── UnknownAccount          404  no account has this name
│   ├── RolesClash              422  roles that one account may not have together
│   ├── OwnAccount              409  nobody decides about their own account
│   ├── LastAdministrator       409  nobody would be left who can mend accounts
│   ├── IssuerUnavailable       503  the outside issuer's keys cannot be had, so that nobody can tell whose a token is
│   ├── RateLimited             429  more requests than this caller or address may make
│   ├── DoorFull                503  more requests at once than this process takes
│   ├── BodyTooSlow             408  a body that did not come in time
│   ├── Unauthenticated         401  no token, or not a valid one
│   ├── Forbidden               403  the caller does not have the permission
│   ├── OutOfReach              403  of a unit that is not this caller's, or of the whole province
│   ├── PersonCheckDenied       403  this officer, procedure or field may not ask the population database
│   ├── OfficerLocked           403  the officer's questions looked like browsing; an administrator lifts the lock
│   ├── PopulationBlocked       503  production, and a required row of the self-check is red
│   ├── PersonQuotaSpent        429  the quota of questions is spent
│   ├── PersonCheckUnavailable  503  no answer: says nothing about the person
│   └── PersonReplyUnreadable   502  an answer that cannot be trusted: says nothing about the person
├── FileRefused                 (app.papers) a file is not what it must be; told as FileNotTaken
├── BenchBroken                 (app.papers) nobody can open files now; told as FileStoreSilent
├── OriginalDiffers             (app.papers) a bundle would hold another file; told as FileStoreSilent
├── AuditUnavailable            503  no audit entry can be written, so nothing may happen
├── StoreBusy                   503  the database did not take the transaction in time
└── ConfigurationError          start-up only; names the setting
"""

from app.errors.base import (
    AuditUnavailable,
    ConfigurationError,
    Fault,
    LienThongError,
    Refusal,
    StoreBusy,
)
from app.errors.door import (
    BadWebhookAddress,
    BodyTooLarge,
    DossierNotOpen,
    DuplicateStep,
    Forbidden,
    HoldEnded,
    IllegalStatusMove,
    InvalidDossierCode,
    InvalidRecord,
    KeyReused,
    NotDecidable,
    NotRetriable,
    OutOfReach,
    RevisionConflict,
    StaleRevision,
    StepConflict,
    StepOutOfOrder,
    Unauthenticated,
    UnknownCode,
    UnknownDelivery,
    UnknownDisclosure,
    UnknownDossier,
    UnknownHold,
    UnknownLogPart,
    UnknownReplay,
    UnknownTarget,
    UnknownWebhook,
    UnreadableBody,
)
from app.errors.entry import (
    OAUTH_REFUSALS,
    BadTokenRequest,
    BodyTooSlow,
    DoorFull,
    InvalidClient,
    InvalidScope,
    IssuerUnavailable,
    NoTokensHere,
    RateLimited,
    UnsupportedGrant,
)
from app.errors.erasure import (
    ErasureDecided,
    ErasureOpen,
    NoValues,
    OwnRequest,
    UnknownErasure,
    ValuesAltered,
    ValuesErased,
    ValuesUnreadable,
)
from app.errors.once_only import (
    FactsMissing,
    OfficerLocked,
    PersonCheckDenied,
    PersonCheckUnavailable,
    PersonQuotaSpent,
    PersonReplyUnreadable,
    PopulationBlocked,
    PrefillEnded,
    UnknownAnomaly,
    UnknownCheck,
    UnknownDiscrepancy,
    UnknownForm,
    UnknownLock,
    UnknownPrefill,
)
from app.errors.papers import (
    DocumentKnown,
    FileNotTaken,
    FileStoreSilent,
    LinkGone,
    LookupUsed,
    NationalStoreSilent,
    NotChangeable,
    ResultMissing,
    ScannerSilent,
    UnknownDocument,
    UnknownLink,
    UnknownLookup,
    UnknownSubject,
    UnknownUpload,
    UploadConflict,
    UploadIncomplete,
)
from app.errors.people import (
    CrossSite,
    LastAdministrator,
    LoginRefused,
    LoginStepNeeded,
    NoSecondFactorHere,
    OwnAccount,
    PasswordRefused,
    ProofRefused,
    RolesClash,
    UnknownAccount,
)
from app.errors.retention import ArchiveNeeded, RetentionRefused, UnknownRetention

__all__ = [
    "OAUTH_REFUSALS",
    "ArchiveNeeded",
    "AuditUnavailable",
    "BadTokenRequest",
    "BadWebhookAddress",
    "BodyTooLarge",
    "BodyTooSlow",
    "ConfigurationError",
    "CrossSite",
    "DocumentKnown",
    "DoorFull",
    "DossierNotOpen",
    "DuplicateStep",
    "ErasureDecided",
    "ErasureOpen",
    "FactsMissing",
    "Fault",
    "FileNotTaken",
    "FileStoreSilent",
    "Forbidden",
    "HoldEnded",
    "IllegalStatusMove",
    "InvalidClient",
    "InvalidDossierCode",
    "InvalidRecord",
    "InvalidScope",
    "IssuerUnavailable",
    "KeyReused",
    "LastAdministrator",
    "LienThongError",
    "LinkGone",
    "LoginRefused",
    "LoginStepNeeded",
    "LookupUsed",
    "NationalStoreSilent",
    "NoSecondFactorHere",
    "NoTokensHere",
    "NoValues",
    "NotChangeable",
    "NotDecidable",
    "NotRetriable",
    "OfficerLocked",
    "OutOfReach",
    "OwnAccount",
    "OwnRequest",
    "PasswordRefused",
    "PersonCheckDenied",
    "PersonCheckUnavailable",
    "PersonQuotaSpent",
    "PersonReplyUnreadable",
    "PopulationBlocked",
    "PrefillEnded",
    "ProofRefused",
    "RateLimited",
    "Refusal",
    "ResultMissing",
    "RetentionRefused",
    "RevisionConflict",
    "RolesClash",
    "ScannerSilent",
    "StaleRevision",
    "StepConflict",
    "StepOutOfOrder",
    "StoreBusy",
    "Unauthenticated",
    "UnknownAccount",
    "UnknownAnomaly",
    "UnknownCheck",
    "UnknownCode",
    "UnknownDelivery",
    "UnknownDisclosure",
    "UnknownDiscrepancy",
    "UnknownDocument",
    "UnknownDossier",
    "UnknownErasure",
    "UnknownForm",
    "UnknownHold",
    "UnknownLink",
    "UnknownLock",
    "UnknownLogPart",
    "UnknownLookup",
    "UnknownPrefill",
    "UnknownReplay",
    "UnknownRetention",
    "UnknownSubject",
    "UnknownTarget",
    "UnknownUpload",
    "UnknownWebhook",
    "UnreadableBody",
    "UnsupportedGrant",
    "UploadConflict",
    "UploadIncomplete",
    "ValuesAltered",
    "ValuesErased",
    "ValuesUnreadable",
]
