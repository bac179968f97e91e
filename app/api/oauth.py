"""``POST /oauth/token``: short-lived tokens for software, by OAuth 2.0 client credentials (RFC 6749, 4.4)."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.api import examples
from app.deps import ContextDep, CorrelationDep
from app.usecases import clients
from schemas.oauth import TokenErrorOut, TokenOut

router = APIRouter(prefix="/oauth", tags=["tokens"])
_TOKEN: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFZERTQSIsImtpZCI6IjJhN2Y…",
    "token_type": "Bearer",
    "expires_in": 600,
    "scope": "intake read",
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": ["client_credentials"]},
                    "scope": {"type": "string", "description": "scopes with spaces between; default: all it has"},
                    "client_id": {"type": "string", "description": "unless the client is named by HTTP Basic"},
                    "client_secret": {"type": "string"},
                },
            },
            "example": "grant_type=client_credentials&scope=intake+read",
        }
    },
}


def _refused(description: str, code: str, detail: str) -> dict[str, Any]:
    example = {"error": code, "error_description": detail}
    content = {"application/json": {"example": example}}
    return {"model": TokenErrorOut, "description": description, "content": content}


@router.post(
    "/token",
    summary="A short-lived token for software",
    openapi_extra={"requestBody": _BODY},
    responses={
        200: examples.good(_TOKEN),
        400: _refused("Refused (RFC 6749, 5.2)", "invalid_scope", "the client has the scopes: intake"),
        401: _refused("Not a client, or not its secret", "invalid_client", "no such client, or not its secret"),
        503: _refused("No key signs tokens here", "temporarily_unavailable", "no key signs tokens here"),
        **examples.problems(408, 413, 429),
    },
)
async def post_token(
    request: Request, response: Response, context: ContextDep, correlation: CorrelationDep
) -> TokenOut:
    """The client names itself by HTTP Basic, or by ``client_id`` and ``client_secret`` in the form.

    Ask anew when the time is over; there is no refresh token. A client that is ended loses its tokens with it.
    """
    # RFC 6749, 5.1; Cache-Control: no-store stands on every answer.
    response.headers["Pragma"] = "no-cache"
    issued = await clients.issue(
        context,
        await request.body(),
        request.headers.get("content-type", ""),
        request.headers.get("authorization"),
        correlation,
    )
    return TokenOut(access_token=issued.token, expires_in=issued.seconds, scope=issued.scope)
