"""A login by VNeID says something about a dossier only when it was the applicant's own, and shortly before."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.identity import Login, logged_in

FILED = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
NUMBER, OTHER = "003190123456", "003190123457"
HOUR = 3600.0


@pytest.mark.parametrize(
    ("login", "numbers", "stands"),
    [
        (None, {NUMBER}, False),
        (Login(NUMBER, FILED), {NUMBER}, True),
        (Login(NUMBER, FILED - timedelta(seconds=HOUR)), {OTHER, NUMBER}, True),
        (Login(NUMBER, FILED - timedelta(seconds=HOUR + 1)), {NUMBER}, False),
        (Login(NUMBER, FILED + timedelta(seconds=1)), {NUMBER}, False),
        (Login(OTHER, FILED), {NUMBER}, False),
        (Login(NUMBER, FILED), set(), False),
    ],
)
def test_whose_login_and_when(login: Login | None, numbers: set[str], stands: object) -> None:
    assert logged_in(login, numbers, FILED, HOUR) is stands
