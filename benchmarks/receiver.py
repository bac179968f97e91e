"""``python -m benchmarks.receiver PORT``: a receiver of webhooks in its own process, so that it takes its own time.

Answers 204 to every message. ``GET /`` tells how many came, and how many different ones by ``webhook-id``.
"""

import asyncio
import json
import sys

from aiohttp import web

from benchmarks.stage import READY


async def main(port: int) -> None:
    """Listen until the process is ended."""
    seen: set[str] = set()
    came = 0

    async def take(request: web.Request) -> web.Response:
        nonlocal came
        await request.read()
        came += 1
        seen.add(request.headers["webhook-id"])
        return web.Response(status=204)

    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"requests": came, "different": len(seen)})

    app = web.Application()
    app.router.add_post("/hook", take)
    app.router.add_get("/", tell)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(json.dumps({READY: port}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
