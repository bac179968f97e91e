"""Where a request came from and how its caller showed who it is: told at the door, written with every entry."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.domain.audit import Origin
from app.store.audit import ORIGIN


@contextmanager
def arrived(address: str) -> Iterator[None]:
    """While the block runs, a request from a network address is served; nothing of it was read yet."""
    before = ORIGIN.set(Origin(address))
    try:
        yield
    finally:
        ORIGIN.reset(before)


def recognised(auth: str, roles: Sequence[str] = ()) -> None:
    """Its caller was recognised; ``auth`` names by what: ``static_token``, ``oauth_token``, ``session``, ``oidc``.

    ``roles`` are those that a person had at that moment: an account may be given others later.
    """
    here = ORIGIN.get()
    if here is not None:
        ORIGIN.set(Origin(here.address, auth, tuple(roles)))
