"""Witnesses of our log: ``add-checkpoint`` of C2SP tlog-witness. What they answer is judged by whoever asked."""

import httpx

from connectors.http import Delivery, HttpSettings, post

HTTP = HttpSettings(
    connect_seconds=3.0, read_seconds=10.0, total_seconds=15.0, tries_max=1, max_connections=4, answer_bytes_max=65536
)


class WitnessConnector:
    """Hands checkpoints to witnesses."""

    def __init__(self, client: httpx.AsyncClient, http: HttpSettings) -> None:
        """Work over a client that it closes."""
        self._client = client
        self._http = http

    async def add_checkpoint(self, prefix: str, body: bytes) -> Delivery:
        """Send old size, proof and checkpoint to the witness at ``prefix``."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        return await post(self._client, self._http, f"{prefix}/add-checkpoint", content=body, headers=headers)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()
