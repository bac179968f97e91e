"""Headers that every answer of the HTTP process has, unless its route says otherwise."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_YEAR_SECONDS: Final = 31_536_000
_FEATURES: Final = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
    "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "web-share", "xr-spatial-tracking",
)  # fmt: skip
# Data, shown by nobody: nothing may be loaded, run, framed or sent from it.
_BASE: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Adds them, outside of everything else: faults have them too."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        """Wrap an application; ``https`` says whether the world reaches it by HTTPS only."""
        self.app = app
        headers = _BASE | ({"Strict-Transport-Security": f"max-age={_YEAR_SECONDS}"} if https else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                named = {name.lower() for name, _ in given}
                message["headers"] = given + [pair for pair in self._headers if pair[0] not in named]
            await send(message)

        await self.app(scope, receive, with_headers)
