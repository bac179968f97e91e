"""A process that fills a vault until it is killed, or ``count`` times; it says each hash once that is held.

Each upload id is the hash of its only part, so that whoever comes after can tell whether that is whole.
"""

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

from app.vault import LocalVault, Vault, Way, open_vault
from tests.vault.support import content_of, put, put_part, s3_options, sha256_of


def vault_of(given: dict[str, Any]) -> Vault:
    if "root" in given:
        return LocalVault(Path(given["root"]), ways=(Way(given["way"]),))
    return open_vault(given["url"], Path(given["scratch"]), s3_options(given["endpoint"]))


async def work(vault: Vault, seeds: random.Random, count: int | None) -> None:
    while count is None or count > 0:
        content = content_of(seeds.getrandbits(32), seeds.randrange(200_000))
        await put(vault, content)
        sys.stdout.write(f"{sha256_of(content)}\n")
        sys.stdout.flush()
        for _ in range(2):
            await put_part(vault, 0, content, sha256_of(content))
        if seeds.random() < 0.5:
            await vault.drop_parts(sha256_of(content))
        count = None if count is None else count - 1


async def main(given: dict[str, Any]) -> None:
    vault = vault_of(given)
    # Whoever starts two of these lets them go at the same moment.
    sys.stdin.readline()
    seeds = [random.Random(f"{given['seed']}-{number}") for number in range(3)]  # noqa: S311 - content, not secrecy
    await asyncio.gather(*(work(vault, one, given.get("count")) for one in seeds))


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
