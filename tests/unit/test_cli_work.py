"""Who gave a command is on record, even where the account has no name."""

import getpass
import os

import pytest

from app.cli_work import operator


@pytest.mark.parametrize("error", [KeyError("getpwuid(): uid not found: 4711"), OSError("No username set")])
def test_an_operator_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert operator() == f"cli:uid-{os.getuid()}"


def test_an_operator_is_called_by_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "quan-tri")
    assert operator() == "cli:quan-tri"
