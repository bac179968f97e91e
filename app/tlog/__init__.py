"""The transparency log's own formats: keys, signed notes, checkpoints and leaves. It knows no rows and no wire."""

from app.tlog.checkpoint import Checkpoint, open_checkpoint
from app.tlog.errors import (
    BadArchive,
    BadReceipt,
    BadSignature,
    KeyFileRefused,
    LeafRefused,
    MalformedKey,
    MalformedNote,
    NoKnownSignature,
    TlogError,
)
from app.tlog.key_files import create as create_key_file
from app.tlog.key_files import load_signer
from app.tlog.key_files import rotate as rotate_key_file
from app.tlog.keys import KeyKind, KeyRing, Signer, Verifier, generate, load_verifiers
from app.tlog.leaf import leaf_of
from app.tlog.note import (
    Opened,
    Signature,
    Verified,
    attach,
    cosign,
    open_note,
    parse_signatures,
    sign,
    signature_of,
    split,
)
from app.tlog.receipt import Receipt
from app.tlog.receipt import check as check_receipt
from app.tlog.receipt import issue as issue_receipt

__all__ = [
    "BadArchive",
    "BadReceipt",
    "BadSignature",
    "Checkpoint",
    "KeyFileRefused",
    "KeyKind",
    "KeyRing",
    "LeafRefused",
    "MalformedKey",
    "MalformedNote",
    "NoKnownSignature",
    "Opened",
    "Receipt",
    "Signature",
    "Signer",
    "TlogError",
    "Verified",
    "Verifier",
    "attach",
    "check_receipt",
    "cosign",
    "create_key_file",
    "generate",
    "issue_receipt",
    "leaf_of",
    "load_signer",
    "load_verifiers",
    "open_checkpoint",
    "open_note",
    "parse_signatures",
    "rotate_key_file",
    "sign",
    "signature_of",
    "split",
]
