"""From an address to a vault."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.errors import ConfigurationError
from app.vault.base import Vault
from app.vault.local import LocalVault


@dataclass(frozen=True, slots=True)
class S3Options:
    """How to reach an S3-compatible service; what is None is found as the AWS tools find it.

    ``endpoint`` is needed for everything but Amazon, with ``http://`` only if ``allow_http``. Of a call that fails
    ``retries_max`` more are made in at most ``retry_seconds``; one call may take ``call_seconds``. At most
    ``uploads_at_once`` files are sent at once, which bounds memory: each takes up to three blocks of 5 MiB.
    """

    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    allow_http: bool = False
    virtual_hosted_style: bool = False
    connect_seconds: float = 5.0
    call_seconds: float = 300.0
    retries_max: int = 3
    retry_seconds: float = 30.0
    uploads_at_once: int = 4


def open_vault(url: str, scratch_dir: Path | None = None, s3: S3Options | None = None) -> Vault:
    """The vault at ``file:///absolute/path``, a plain path, or ``s3://bucket/prefix``. Nothing is touched yet.

    ``scratch_dir`` is where files pass through on this machine, for S3 only: a folder keeps them in itself.

    Raises:
        ConfigurationError: an address of another kind, no scratch folder for S3, or the extra ``s3`` is missing.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return _open_s3(parts.netloc, unquote(parts.path).strip("/"), scratch_dir, s3 or S3Options())
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and len(parts.path) > 1:
        return LocalVault(Path(unquote(parts.path)))
    if not parts.scheme and url:
        return LocalVault(Path(url))
    message = f"documents: {url!r} is neither a path nor file:///path nor s3://bucket/prefix"
    raise ConfigurationError(message)


def _open_s3(bucket: str, prefix: str, scratch_dir: Path | None, options: S3Options) -> Vault:
    if not bucket or scratch_dir is None:
        message = "documents: s3:// needs a bucket, and a folder on this machine for files that pass through"
        raise ConfigurationError(message)
    try:
        from app.vault.s3 import S3Vault  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = "documents: s3:// needs the extra 's3' (obstore)"
        raise ConfigurationError(message) from error
    return S3Vault(bucket, prefix, scratch_dir, options)
