"""Whether a question to the population database may be answered; who asks was proved before.

In this order: required fields, order of elements, forms and lengths, service code, repeated request, procedure (004),
officer (005), quota (429).
"""

from mock_national import soap
from mock_national.access import Access, Quota
from mock_national.faces import Denial
from mock_national.parts import Parts
from mock_national.tables import rows


class Checks:
    """The checks that are the same on every way in."""

    def __init__(self, parts: Parts, access: Access, quota: Quota) -> None:
        """Read the procedures that may ask: those of the catalogue but for the refused ones."""
        self._connection = parts.store.connection
        self._access = access
        self._quota = quota
        refused = {row["code"] for row in rows("population_denied_procedures")}
        self._procedures = parts.catalogue.procedures.keys() - refused

    def denial(self, asked: soap.Asked, operation: str, unit: str, key_officer: str) -> Denial | None:
        """Why a question is not answered, or None; `key_officer` is whose key was shown.

        A question that gets past its fields uses up its `MaYeuCau`; one that is answered is taken from the quota.
        """
        fields = asked.fields
        if asked.wrong:
            return Denial("01", asked.wrong)
        wanted = soap.SERVICE_CODES[operation]
        if fields["MaTichHop"] != wanted:
            return Denial("01", f"MaTichHop: phải là {wanted}")
        if not self._first_time(fields["MaYeuCau"]):
            return Denial("01", "MaYeuCau: mã yêu cầu đã được dùng")
        if fields["MaDVC"] not in self._procedures:
            return Denial("004", "Thủ tục chưa được cấp quyền khai thác")
        officer = fields["MaCanBo"]
        if officer != key_officer or not self._access.may_ask(officer):
            return Denial("005", "Tài khoản cán bộ không có quyền khai thác")
        wait = self._quota.spend(unit, officer)
        return Denial("900802", "Message throttled out", 429, wait) if wait else None

    def used(self, request_id: str) -> bool:
        """Whether a `MaYeuCau` was used before."""
        query = "SELECT 1 FROM population_requests WHERE id = ?"
        return self._connection.execute(query, (request_id,)).fetchone() is not None

    def _first_time(self, request_id: str) -> bool:
        used = self._connection.execute("INSERT OR IGNORE INTO population_requests VALUES (?)", (request_id,))
        return used.rowcount == 1
