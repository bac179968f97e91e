"""Checkpoints: their text is one text, and only the log itself can say it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tlog import (
    Checkpoint,
    KeyKind,
    MalformedNote,
    NoKnownSignature,
    Signer,
    TlogError,
    Verifier,
    attach,
    cosign,
    generate,
    open_checkpoint,
    sign,
    split,
)
from tests.factories import NOW
from tests.unit.tlog import vectors as v

_ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
_LOG = Signer.parse(generate("log.example/a"))
_HEAD = Checkpoint("log.example/a", 7, bytes(range(32)))


def test_the_example_of_the_specification_is_read_and_written() -> None:
    text = split(v.SPEC_CHECKPOINT)[0]
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size, checkpoint.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert checkpoint.root.hex().startswith("0ac5186a9186")
    assert checkpoint.to_text() == text


def test_a_checkpoint_of_the_field_is_the_logs() -> None:
    known = [Verifier.parse(text) for text in (v.CT_PUBLIC, *v.CT_WITNESSES)]
    checkpoint, opened = open_checkpoint(v.CT_NOTE, known, v.CT_ORIGIN)
    assert (checkpoint.size, len(opened.signatures)) == (1432088532, 5)


def test_witnesses_alone_do_not_make_it_the_logs() -> None:
    with pytest.raises(NoKnownSignature, match="the log itself"):
        open_checkpoint(v.CT_NOTE, [Verifier.parse(v.CT_WITNESSES[0])], v.CT_ORIGIN)
    # Nor a cosigner that bears the log's name.
    impostor = Signer.parse(generate("log.example/a", KeyKind.COSIGNATURE_V1))
    note = attach(f"{_HEAD.to_text()}\n", [cosign(_HEAD.to_text(), impostor, NOW)])
    with pytest.raises(NoKnownSignature):
        open_checkpoint(note, [impostor.verifier], "log.example/a")


def test_another_logs_checkpoint_is_refused_even_from_a_known_key() -> None:
    other = Signer.parse(generate("log.example/b"))
    with pytest.raises(NoKnownSignature):
        open_checkpoint(sign(_HEAD.to_text(), other), [other.verifier, _LOG.verifier], "log.example/a")
    with pytest.raises(MalformedNote, match="another log"):
        open_checkpoint(sign(_HEAD.to_text(), _LOG), [_LOG.verifier], "log.example/b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "log\n7\n",
        f"log\n7\n{_ROOT}",
        f"\n7\n{_ROOT}\n",
        f"log\n07\n{_ROOT}\n",
        f"log\n-7\n{_ROOT}\n",
        f"log\n+7\n{_ROOT}\n",
        f"log\n7 \n{_ROOT}\n",
        f"log\n٧\n{_ROOT}\n",
        f"log\n{2**63}\n{_ROOT}\n",
        f"log\n{'9' * 5000}\n{_ROOT}\n",
        f"log\n7\n{_ROOT[:-1]}\n",
        f"log\n7\n{_ROOT[:-2]}J=\n",
        "log\n7\nAAAA\n",
        f"log\n7\n{_ROOT}\n\n",
        f"log\n7\n{_ROOT}\n\nmore\n",
        f"log\n7\r\n{_ROOT}\n",
    ],
)
def test_another_text_is_no_checkpoint(text: str) -> None:
    with pytest.raises(MalformedNote):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "bad",
    [("", 7, bytes(32)), ("a\nb", 7, bytes(32)), ("a\tb", 7, bytes(32)), ("a", -1, bytes(32)), ("a", 7, bytes(31))],
)
def test_what_has_no_text_is_no_checkpoint(bad: tuple[str, int, bytes]) -> None:
    with pytest.raises(MalformedNote):
        Checkpoint(*bad)


_LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@settings(max_examples=60)
@given(origin=_LINES, size=st.integers(0, 2**63 - 1), root=st.binary(min_size=32, max_size=32), more=st.lists(_LINES))
def test_every_checkpoint_goes_round(origin: str, size: int, root: bytes, more: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(more))
    assert Checkpoint.parse(checkpoint.to_text()) == checkpoint


@settings(max_examples=100)
@given(text=st.text(max_size=100) | st.lists(st.text("7a=\n", max_size=45), max_size=6).map("\n".join))
def test_what_is_read_is_written_alike_or_refused(text: str) -> None:
    try:
        checkpoint = Checkpoint.parse(text)
    except TlogError:
        return
    assert checkpoint.to_text() == text
