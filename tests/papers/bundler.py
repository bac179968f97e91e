"""A process that builds bundles of a small and of a large original, and says as JSON what it made and what it took."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from app.papers.bundle import BundleFacts, bundle_pdf, bundle_zip
from app.papers.bundle_seal import Pkcs12Seal, SealSettings
from tests.papers.bundles import facts_of

_CHUNK = bytes(range(256)) * 4096


def peak_kib() -> int:
    """The most memory this process ever held at once. That of its parent does not count, as in ``ru_maxrss``."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def original_of(path: Path, chunks: int) -> BundleFacts:
    """Write an original of so many MiB, and the facts that fit it."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(chunks):
            file.write(_CHUNK)
            digest.update(_CHUNK)
    return facts_of(b"", sha256=digest.hexdigest(), size_bytes=chunks * len(_CHUNK))


def build(folder: Path, chunks: int, seal: Pkcs12Seal) -> dict[str, Any]:
    facts = original_of(folder / "original", chunks)
    made = {}
    for name in ("plain.pdf", "sealed.pdf", "office.zip"):
        with (folder / "original").open("rb") as original, (folder / f"{chunks}-{name}").open("w+b") as into:
            if name == "office.zip":
                bundle_zip(facts, original, into)
            else:
                bundle_pdf(facts, original, into, seal if name == "sealed.pdf" else None)
            into.seek(0)
            made[name] = hashlib.file_digest(into, "sha256").hexdigest()
    return made


def main(folder: Path, chunks: int) -> None:
    seal = Pkcs12Seal.load(SealSettings(folder / "seal.p12", "bí mật"))
    made = build(folder, 1, seal)
    before = peak_kib()
    if chunks:
        build(folder, chunks, seal)
    sys.stdout.write(json.dumps({"made": made, "grown_kib": peak_kib() - before}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
