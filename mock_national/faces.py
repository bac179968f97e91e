"""How an answer of the population database is dressed by the way it is asked: SOAP (A, D) or JSON around it (C)."""

from dataclasses import dataclass
from typing import Final

from mock_national import soap
from mock_national.wire import Reply, dump

_XML: Final = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Denial:
    """A question that is not answered: error code, message, HTTP status on the SOAP ways, seconds to wait."""

    code: str
    message: str
    status: int = 400
    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class Face:
    """The SOAP ways; `service` is the operation, for the record of calls."""

    service: str
    is_soap: bool = True

    def answered(self, text: str, *, record: str | None = None, delay_seconds: float = 0) -> Reply:
        """A SOAP answer; `record` stands for it in the record of calls."""
        return self._reply(text, _XML, record=record, delay_seconds=delay_seconds)

    def empty(self) -> Reply:
        """HTTP 200 with nothing in it."""
        return self._reply("", _XML)

    def faulty(self, text: str) -> Reply:
        """A SOAP fault; SOAP 1.1 sends it with HTTP 500."""
        return self._reply(text, _XML, status=500, error_code="fault")

    def failed(self, text: str) -> Reply:
        """A failure of the system."""
        return self.faulty(soap.fault(text))

    def denied(self, denial: Denial) -> Reply:
        """A refusal."""
        if denial.retry_after:
            return self._throttled(denial)
        answer = {"message": denial.message, "errorCode": denial.code}
        return self._reply(dump(answer), status=denial.status, error_code=denial.code)

    def gateway(self, status: int, code: str, message: str) -> Reply:
        """A refusal of the gateway before the database."""
        return gateway_error(status, code, message, self.service)

    def _reply(
        self,
        text: str,
        media_type: str = "application/json",
        *,
        status: int = 200,
        error_code: str = "0",
        record: str | None = None,
        delay_seconds: float = 0,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        return Reply(
            body=text.encode(),
            status=status,
            media_type=media_type,
            service=self.service,
            items=1,
            error_code=error_code,
            record=record,
            headers=headers or {},
            delay_seconds=delay_seconds,
        )

    def _throttled(self, denial: Denial) -> Reply:
        answer = {"code": denial.code, "message": denial.message, "description": "You have exceeded your quota"}
        headers = {"Retry-After": str(denial.retry_after)}
        return self._reply(dump(answer), status=denial.status, error_code=denial.code, headers=headers)


@dataclass(frozen=True, slots=True)
class WrappedFace(Face):
    """Way C: HTTP 200, `{error_code, message}`, the SOAP text in `message`."""

    is_soap: bool = False

    def answered(self, text: str, *, record: str | None = None, delay_seconds: float = 0) -> Reply:
        """The SOAP answer as text in `message`."""
        return self._reply(dump({"error_code": "0", "message": text}), record=record, delay_seconds=delay_seconds)

    def faulty(self, text: str) -> Reply:
        """The SOAP fault as text in `message`; the wrapper does not look into it."""
        return self.answered(text)

    def failed(self, text: str) -> Reply:
        """A failure of the system, with HTTP 500."""
        return self._reply(dump({"message": text}), status=500, error_code="fault")

    def denied(self, denial: Denial) -> Reply:
        """A refusal, or HTTP 429 as the gateway before the wrapper sends it."""
        if denial.retry_after:
            return self._throttled(denial)
        return self._reply(dump({"error_code": denial.code, "message": denial.message}), error_code=denial.code)

    def gateway(self, status: int, code: str, message: str) -> Reply:
        """The wrapper passes on in its own words what its gateway said."""
        return self.denied(Denial(code, message, status))


def gateway_error(status: int, code: str, message: str, service: str) -> Reply:
    """What the gateway says when it lets nobody through."""
    answer = {"code": code, "message": message, "description": "Make sure you have provided the correct credentials"}
    return Reply(body=dump(answer).encode(), status=status, service=service, error_code=code)
