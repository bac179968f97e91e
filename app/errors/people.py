"""Refusals about people's accounts and their sessions."""

from http import HTTPStatus

from app.errors.base import Refusal


class LoginRefused(Refusal):
    """Not let in. Outsiders are never told why: unknown, wrong, locked, disabled and over are one answer."""

    slug, title, status = "login-refused", "Not let in", HTTPStatus.UNAUTHORIZED


class LoginStepNeeded(Refusal):
    """The session must first change its password, or enrol a second factor."""

    slug, title, status = "login-step-needed", "The login is not complete", HTTPStatus.FORBIDDEN


class CrossSite(Refusal):
    """A request of a browser that did not come from our own pages, or lacks the session's token."""

    slug, title, status = "cross-site", "Not from our own pages", HTTPStatus.FORBIDDEN


class PasswordRefused(Refusal):
    """A new password that does not hold what one must."""

    slug, title, status = "password-refused", "This password cannot be taken", HTTPStatus.UNPROCESSABLE_ENTITY


class ProofRefused(Refusal):
    """Not the present password, or not a code of the new second factor."""

    slug, title, status = "proof-refused", "Not the right password or code", HTTPStatus.FORBIDDEN


class NoSecondFactorHere(Refusal):
    """No key is given that could seal the secrets of second factors."""

    slug, title, status = "no-second-factor-here", "No second factor can be had here", HTTPStatus.SERVICE_UNAVAILABLE


class UnknownAccount(Refusal):
    """No account has this name."""

    slug, title, status = "unknown-account", "No such account", HTTPStatus.NOT_FOUND


class RolesClash(Refusal):
    """Roles that one account may not have together."""

    slug, title, status = "roles-clash", "One account may not have these roles", HTTPStatus.UNPROCESSABLE_ENTITY


class OwnAccount(Refusal):
    """Nobody decides about their own account."""

    slug, title, status = "own-account", "Not on your own account", HTTPStatus.CONFLICT


class LastAdministrator(Refusal):
    """Nobody would be left who can make and mend accounts."""

    slug, title, status = "last-administrator", "The last administrator", HTTPStatus.CONFLICT
