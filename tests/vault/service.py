"""A service that speaks S3, and a vault in it with a back door."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import httpx
import obstore
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.server import ThreadedMotoServer
from obstore.store import S3Store
from werkzeug.serving import make_server

from app.vault import open_vault
from app.vault.base import object_key
from tests.bounds import AMPLE_SECONDS
from tests.vault.support import s3_options

_numbers = itertools.count(1)


class S3World:
    """A vault in a bucket of its own."""

    def __init__(self, endpoint: str, scratch_dir: Path, prefix: str = "documents/2026") -> None:
        self.endpoint, self.bucket, self.scratch_dir = endpoint, f"bucket-{next(_numbers)}", scratch_dir
        httpx.put(f"{endpoint}/{self.bucket}", timeout=AMPLE_SECONDS).raise_for_status()
        self.url = f"s3://{self.bucket}/{prefix}"
        self.vault = open_vault(self.url, scratch_dir, s3_options(endpoint))
        self.store = S3Store(
            self.bucket,
            prefix=prefix,
            endpoint=endpoint,
            access_key_id="any",
            secret_access_key="any",
            client_options={"allow_http": True},
        )

    async def overwrite(self, sha256: str, content: bytes) -> None:
        await self.plant(object_key(sha256), content)

    async def remove(self, sha256: str) -> None:
        await obstore.delete_async(self.store, object_key(sha256))

    async def plant(self, key: str, content: bytes) -> None:
        await obstore.put_async(self.store, key, content)

    async def keys(self) -> set[str]:
        return {found["path"] async for page in obstore.list(self.store) for found in page}

    def versions(self) -> int:
        """How often objects were written since ``keep_versions``."""
        return self.asked("versions").count("<Version>")

    def asked(self, query: str) -> str:
        """What the service answers about the bucket."""
        return httpx.get(f"{self.endpoint}/{self.bucket}?{query}", timeout=AMPLE_SECONDS).text

    def keep_versions(self) -> None:
        body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        httpx.put(f"{self.endpoint}/{self.bucket}?versioning", content=body, timeout=AMPLE_SECONDS).raise_for_status()


class Condition(Enum):
    """What a service does with If-None-Match."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"
    # Honoured by a service that sees no object when it is only asked whether there is one.
    BLIND = "blind"


def _under(condition: Condition, service: WSGIApplication) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if condition is Condition.BLIND:
            if environ["REQUEST_METHOD"] == "HEAD":
                start_response("404 Not Found", [])
                return []
            return service(environ, start_response)
        asked = environ.pop("HTTP_IF_NONE_MATCH", None)
        if asked is not None and condition is Condition.REFUSED:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("501 Not Implemented", [("Content-Type", "application/xml")])
            return [b"<Error><Code>NotImplemented</Code></Error>"]
        return service(environ, start_response)

    return answer


@contextmanager
def s3_service(condition: Condition = Condition.HONOURED) -> Iterator[str]:
    """A service that speaks S3 (moto's server) on a free port; gives its address."""
    if condition is Condition.HONOURED:
        moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        moto.start()
        host, port = moto.get_host_and_port()
        yield f"http://{host}:{port}"
        moto.stop()
        return
    service: Callable[..., Any] = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, _under(condition, service), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
