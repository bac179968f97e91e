"""``python -m tamper``: plants every lie in copies of the demo's database, or of a small one; ``build/tamper.json``."""

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Final

import structlog

from tamper.kinds import BESIDE
from tamper.run import Found, Scene, clear, prepare, try_all

_BUILD: Final = Path("build")
_WORK: Final = Path("var/tamper")
_DEMO: Final = Path("var/demo/lienthong.sqlite3")


def _tell(found: Found) -> None:
    print(f"{found.kind}: by us: {_yes(found.found_by_us)}, by the bundle: {_yes(found.found_by_bundle)}")
    for who, words in (("us", found.words), ("bundle", found.bundle_words)):
        if words:
            print(f"    {who}: {words}")


def _yes(found: bool) -> str:  # noqa: FBT001 - the word for it
    return "found" if found else "nothing"


async def _main(source: Path | None, dossiers: int) -> tuple[Scene, list[Found]]:
    scene = await prepare(_WORK, source, dossiers)
    print(f"{scene.dossier}: its bundle is held outside, with the checkpoint over {scene.size} entries")
    return scene, await try_all(scene, _tell)


def main() -> int:
    """Run.

    Returns:
        0 when both found every lie and nothing else (we alone, what no bundle holds), 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="python -m tamper", description=__doc__)
    parser.add_argument("--own", action="store_true", help="a database of its own, also when the demo's is there")
    parser.add_argument("--dossiers", type=int, default=60, help="how many dossiers its own database holds")
    wanted = parser.parse_args()
    source = _DEMO if _DEMO.is_file() and not wanted.own else None
    print(f"in copies of {source}" if source else "in copies of a database of its own (there is no var/demo)")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    clear(_WORK)
    _, found = asyncio.run(_main(source, wanted.dossiers))
    rows = [{"kind": f.kind, "found_by_us": f.found_by_us, "found_by_bundle": f.found_by_bundle} for f in found]
    _BUILD.mkdir(exist_ok=True)
    (_BUILD / "tamper.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    beside = {kind.name for kind in BESIDE}
    return 0 if all(f.found_by_us and (f.found_by_bundle or f.kind in beside) for f in found) else 1


if __name__ == "__main__":
    sys.exit(main())
