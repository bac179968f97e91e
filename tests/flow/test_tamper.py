"""A smaller ``make tamper``, and what a bundle cannot see by itself."""

from pathlib import Path

from tamper.kinds import BESIDE, KINDS, ROLLED_BACK
from tamper.run import Found, ask_bundle, prepare, try_all

# Nothing in one bundle says what is not in it, nor that its log is the one that others saw.
BLIND_ALONE = {"deleted_row", "rewritten_history_own_key", ROLLED_BACK}


async def test_every_lie_is_found_by_us_and_by_the_bundle(tmp_path: Path) -> None:
    told: list[Found] = []
    scene = await prepare(tmp_path, None, dossiers=6)
    found = await try_all(scene, told.append)

    assert [each.kind for each in found] == [*(kind.name for kind in (*KINDS, *BESIDE)), ROLLED_BACK]
    # Values stand beside the log, and no bundle holds them.
    beside = {kind.name for kind in BESIDE}
    assert all(each.found_by_us and each.found_by_bundle == (each.kind not in beside) for each in found), found
    assert told[0].kind == "untouched"
    vkey = scene.target.signer.verifier.vkey
    blind = {each.kind for each in found if ask_bundle(tmp_path / each.kind, None, vkey)[0] == 0}
    assert blind == BLIND_ALONE | beside
