"""Who gave a command is on record: the account that it runs under, whatever the environment says."""

import os
import pwd

import pytest

from app.cli_work import operator


def test_an_operator_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert operator() == "cli:uid-4000000"


def test_an_operator_is_called_by_the_account_and_not_as_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert operator() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
