"""A time-stamping authority on a real socket: its replies are made by real cryptography, some wrong on purpose."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from asn1crypto import keys, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

from tests.factories import NOW

REPLY = "application/timestamp-reply"
_YEAR = timedelta(days=365)
Answer = tuple[int, str, bytes]


@dataclass(frozen=True)
class Authority:
    """A root and a stamper under it, whose certificate was valid for a year around ``NOW``."""

    root: x509.Certificate
    stamper: x509.Certificate
    key: rsa.RSAPrivateKey

    def reply(self, query: bytes, at: datetime) -> bytes:
        """A reply to a query, of this time."""
        private = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        stamper = DummyTimeStamper(
            asn1.Certificate.load(self.stamper.public_bytes(Encoding.DER)),
            keys.PrivateKeyInfo.load(private),
            fixed_dt=at.replace(microsecond=0),
        )
        made: bytes = stamper.request_tsa_response(tsp.TimeStampReq.load(query)).dump()
        return made

    def write_root(self, folder: Path) -> Path:
        """The root as a PEM file."""
        file = folder / "tsa-root.pem"
        file.write_bytes(self.root.public_bytes(Encoding.PEM))
        return file


def authority(name: str = "TSA") -> Authority:
    """Made once a session: two RSA keys take a moment."""
    return _authority(name)


@cache
def _authority(name: str) -> Authority:
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root_name, own_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{part} {name}")]) for part in ("CA", "TSA")
    )

    def made(subject: x509.Name, public: rsa.RSAPublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
        return builder.serial_number(x509.random_serial_number())

    root = made(root_name, root_key.public_key()).not_valid_before(NOW - _YEAR).not_valid_after(NOW + 10 * _YEAR)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    leaf = made(own_name, key.public_key()).not_valid_before(NOW - _YEAR / 2).not_valid_after(NOW + _YEAR / 2)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    leaf = leaf.add_extension(usage, critical=True)
    return Authority(root.sign(root_key, hashes.SHA256()), leaf.sign(root_key, hashes.SHA256()), key)


@dataclass
class Desk:
    """Where queries arrive: answers each as it is told, and remembers them."""

    answer: Callable[[bytes], Answer]
    url: str = ""
    queries: list[bytes] = field(default_factory=list)


@contextmanager
def desk(answer: Callable[[bytes], Answer]) -> Iterator[Desk]:
    """A server on a free port of this machine."""
    made = Desk(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            made.queries.append(query)
            status, kind, body = made.answer(query)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
