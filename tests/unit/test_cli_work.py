"""Who gave a command is on record: the account that the system runs it under, and nothing that anybody may claim."""

import os
import pwd

import pytest

from app.cli_work import operator


def test_an_operator_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert operator() == "cli:uid-4000000"


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_an_operator_is_called_by_the_account_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "somebody-else")
    assert operator() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
