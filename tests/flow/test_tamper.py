"""A smaller ``make tamper``, and what a bundle cannot see by itself."""

from pathlib import Path

from app.store import migrate
from app.tlog import create_key_file, load_signer
from tamper.kinds import BESIDE, KINDS, ROLLED_BACK
from tamper.run import Found, ask_bundle, live, look, opened, prepare, try_all

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


async def test_a_log_that_was_signed_already_goes_on_under_its_own_key(tmp_path: Path) -> None:
    demo, work = tmp_path / "demo" / "lienthong.sqlite3", tmp_path / "work"
    for folder in (demo.parent, work):
        folder.mkdir()
    key = demo.with_name("log.key")
    create_key_file(key, "log.example/demo")
    migrate.upgrade(f"sqlite:///{demo}")
    async with opened(demo, load_signer(key)) as context:
        await live(context, 1, 2)
    scene = await prepare(work, demo, 0)
    assert scene.target.origin == "log.example/demo"
    async with opened(scene.today, scene.target.signer) as context:
        assert await look(context, (scene.checkpoint,)) is None
