"""Notes the network address of each caller before anything of its request is read."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.usecases import origin


class Origins:
    """Tells where each request came from."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        with origin.arrived(client[0] if client else "unknown"):
            await self.app(scope, receive, send)
