"""A seal for bundles from a PKCS#12 file: signs the finished PDF so that nobody may change it unnoticed (PAdES)."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Self

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

from app.errors import ConfigurationError

_FIELD: Final = "BundleSeal"


@dataclass(frozen=True, slots=True)
class SealSettings:
    """Where the key of the seal lies: a PKCS#12 file, and what opens it."""

    pkcs12: Path
    passphrase: str = field(default="", repr=False)


class Pkcs12Seal:
    """A key and its certificate, loaded once. Its time is a claim: no time-stamp is fetched."""

    def __init__(self, signer: SimpleSigner) -> None:
        """Keep the signer. Raises ConfigurationError when its certificate names nobody."""
        name = signer.subject_name
        if not name:
            message = "the certificate of the bundle seal has no common name"
            raise ConfigurationError(message)
        self._signer, self._name = signer, name

    @classmethod
    def load(cls, settings: SealSettings) -> Self:
        """Read the key. Raises ConfigurationError naming the file that cannot be read or opened."""
        passphrase = settings.passphrase.encode() or None
        try:
            signer = SimpleSigner.load_pkcs12_data(settings.pkcs12.read_bytes(), (), passphrase)
        except (OSError, ValueError, TypeError) as error:
            message = f"the bundle seal {settings.pkcs12} cannot be opened: {error}"
            raise ConfigurationError(message) from error
        return cls(signer)

    @property
    def name(self) -> str:
        """The common name in the certificate."""
        return self._name

    def press(self, bundle: BinaryIO, at: datetime) -> None:
        """Certify a whole PDF in place: afterwards no change is allowed. Not to be called from a running loop."""
        asyncio.run(self._pressed(bundle, at))

    async def _pressed(self, bundle: BinaryIO, at: datetime) -> None:
        bundle.flush()
        bundle.seek(0)
        writer = IncrementalPdfFileWriter(bundle)
        metadata = PdfSignatureMetadata(
            field_name=_FIELD,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        # The steps of PdfSigner.async_sign_pdf, with the time that the cover gives.
        session = PdfSigner(metadata, self._signer).init_signing_session(writer)
        session.system_time = at
        room_bytes = await session.estimate_signature_container_size(None)
        ready = session.prepare_tbs_document(validation_info=None, bytes_reserved=room_bytes)
        digest, _ = ready.digest_tbs_document(in_place=True)
        await ready.perform_signature(digest.document_digest, PdfCMSSignedAttributes(signing_time=at))
