"""Answers of ``POST /oauth/token`` (RFC 6749, 5.1 and 5.2)."""

from typing import Literal

from pydantic import Field

from schemas.answers import Answer


class TokenOut(Answer):
    """A short-lived token."""

    access_token: str = Field(repr=False, description="a JWT signed with EdDSA; send it as `Authorization: Bearer …`")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int = Field(description="seconds until it lets in no more")
    scope: str = Field(description="what it lets do, with spaces between")


class TokenErrorOut(Answer):
    """Why no token was given."""

    error: str
    error_description: str
