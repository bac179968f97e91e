"""Signed notes and cosignatures: others' notes open, ours are byte for byte theirs, and nothing malformed passes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tlog import (
    BadSignature,
    KeyKind,
    MalformedKey,
    MalformedNote,
    NoKnownSignature,
    Signature,
    Signer,
    TlogError,
    Verifier,
    attach,
    cosign,
    generate,
    open_note,
    parse_signatures,
    sign,
    signature_of,
    split,
)
from tests.factories import NOW
from tests.unit.tlog import vectors as v

_PETER, _ENOCH = Verifier.parse(v.GO_PUBLIC), Verifier.parse(v.GO_OTHER)
_GO_NOTE = f"{v.GO_TEXT}\n{v.GO_LINE}"
_LOG = Signer.parse(generate("log.example/a"))
_WITNESS = Signer.parse(generate("witness.example/w", KeyKind.COSIGNATURE_V1))
_TEXT = "log.example/a\n1\nNrYX8jSoJ4wHWVPVLY8hFMYpbf2ebV9PRGdtFT1/tp4=\n"


def test_the_example_of_go_is_made_byte_for_byte() -> None:
    signer = Signer.parse(v.GO_SECRET)
    assert signer.verifier == _PETER
    assert sign(v.GO_TEXT, signer) == _GO_NOTE


def test_the_examples_of_go_and_of_the_specification_open() -> None:
    both = open_note(_GO_NOTE + v.GO_OTHER_LINE, [_ENOCH, _PETER])
    assert (both.text, [each.verifier for each in both.signatures]) == (v.GO_TEXT, [_PETER, _ENOCH])
    assert open_note(v.SPEC_NOTE, [Verifier.parse(v.SPEC_PUBLIC)]).text == "This is an example message.\n"


def test_a_checkpoint_of_the_field_opens_with_all_its_witnesses() -> None:
    known = [Verifier.parse(text) for text in (v.CT_PUBLIC, *v.CT_WITNESSES)]
    opened = open_note(v.CT_NOTE.encode(), known)
    # The RFC 6962 signature is of a kind that is not ours: passed over.
    assert {each.verifier for each in opened.signatures} == set(known)
    cosigned_at = datetime.fromtimestamp(v.CT_COSIGNED_SECONDS, UTC)
    assert [each.at for each in opened.signatures] == [None, *[cosigned_at] * 4]


def test_unknown_signatures_are_passed_over_but_not_alone() -> None:
    assert [each.verifier for each in open_note(_GO_NOTE + v.GO_OTHER_LINE, [_PETER]).signatures] == [_PETER]
    with pytest.raises(NoKnownSignature):
        open_note(_GO_NOTE, [_ENOCH])
    with pytest.raises(NoKnownSignature):
        open_note(_GO_NOTE, [])


def test_the_same_name_with_another_key_is_unknown() -> None:
    namesake = Signer.parse(generate("PeterNeumann")).verifier
    with pytest.raises(NoKnownSignature):
        open_note(_GO_NOTE, [namesake])


def test_a_known_keys_bad_signature_condemns_the_note_in_spite_of_good_ones() -> None:
    forged = _GO_NOTE.replace("problem is", "problem was")
    with pytest.raises(BadSignature, match="PeterNeumann"):
        open_note(attach(forged, [signature_of(split(forged)[0], _LOG)]), [_PETER, _LOG.verifier])


def test_a_second_line_of_the_same_key_counts_once_and_must_be_good_too() -> None:
    assert len(open_note(_GO_NOTE + v.GO_LINE, [_PETER]).signatures) == 1
    bad = Signature("PeterNeumann", _PETER.key_id, bytes(64))
    with pytest.raises(BadSignature):
        open_note(_GO_NOTE + bad.line, [_PETER])


def test_a_cosignature_states_its_time_and_covers_it() -> None:
    signature = cosign(_TEXT, _WITNESS, NOW + timedelta(microseconds=999_999))
    note = attach(sign(_TEXT, _LOG), [signature])
    witnessed = open_note(note, [_LOG.verifier, _WITNESS.verifier]).signatures[1]
    assert (witnessed.verifier, witnessed.at) == (_WITNESS.verifier, NOW)
    message = f"cosignature/v1\ntime {int(NOW.timestamp())}\n{_TEXT}".encode()
    assert _WITNESS.verifier.verifies(message, signature.value[8:])
    later = Signature(signature.name, signature.key_id, (int(NOW.timestamp()) + 1).to_bytes(8) + signature.value[8:])
    with pytest.raises(BadSignature):
        open_note(attach(sign(_TEXT, _LOG), [later]), [_WITNESS.verifier])


def test_the_time_of_the_specifications_cosignature_is_read() -> None:
    assert split(v.SPEC_CHECKPOINT)[1][1].cosigned_seconds == 1679315147
    assert split(v.SPEC_CHECKPOINT)[1][0].cosigned_seconds is None


@pytest.mark.parametrize("value", [bytes(64), bytes(71), b"\xff" * 72])
def test_a_cosignature_of_another_length_or_beyond_all_time_is_bad(value: bytes) -> None:
    note = attach(sign(_TEXT, _LOG), [Signature(_WITNESS.name, _WITNESS.verifier.key_id, value)])
    with pytest.raises(BadSignature):
        open_note(note, [_LOG.verifier, _WITNESS.verifier])


def test_a_time_past_the_calendar_is_still_a_time() -> None:
    seconds = 2**62
    value = seconds.to_bytes(8) + _WITNESS.sign(f"cosignature/v1\ntime {seconds}\n{_TEXT}".encode())
    note = attach(f"{_TEXT}\n", [Signature(_WITNESS.name, _WITNESS.verifier.key_id, value)])
    assert open_note(note, [_WITNESS.verifier]).signatures[0].at == datetime.max.replace(tzinfo=UTC)


def test_a_key_signs_only_what_its_kind_signs() -> None:
    with pytest.raises(MalformedKey, match="ed25519"):
        sign(_TEXT, _WITNESS)
    with pytest.raises(MalformedKey, match="cosignature_v1"):
        cosign(_TEXT, _LOG, NOW)
    for at in (NOW.replace(tzinfo=None), datetime(1960, 1, 1, tzinfo=UTC)):
        with pytest.raises(ValueError, match="aware"):
            cosign(_TEXT, _WITNESS, at)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=7)))
    assert cosign(_TEXT, _WITNESS, elsewhere) == cosign(_TEXT, _WITNESS, NOW)


def test_attaching_twice_changes_nothing() -> None:
    note = sign(_TEXT, _LOG)
    line = cosign(_TEXT, _WITNESS, NOW)
    assert attach(attach(note, [line, line]), [line]) == note + line.line
    assert parse_signatures(line.line) == (line,)


def test_sixteen_signatures_are_taken_and_a_flood_is_not() -> None:
    signers = [Signer.parse(generate(f"key{number}.example")) for number in range(16)]
    note = attach(f"{_TEXT}\n", [signature_of(_TEXT, each) for each in signers])
    assert len(open_note(note, [each.verifier for each in signers]).signatures) == 16
    with pytest.raises(MalformedNote):
        split(f"{_TEXT}\n" + v.GO_LINE * 65)
    with pytest.raises(MalformedNote):
        split("x" * 2**18 + "\n\n" + v.GO_LINE)


_VALUE = v.GO_LINE.split(" ")[2].rstrip("\n")


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        v.GO_TEXT,
        v.GO_TEXT + v.GO_LINE,
        f"{v.GO_TEXT}\n",
        _GO_NOTE.rstrip("\n"),
        f"{_GO_NOTE}\n",
        f"{_GO_NOTE}trailing\n",
        _GO_NOTE.replace("—", "-"),
        _GO_NOTE.replace("— ", "—"),
        f"{v.GO_TEXT}\n—  {_VALUE}\n",
        f"{v.GO_TEXT}\n— Peter Neumann {_VALUE}\n",
        f"{v.GO_TEXT}\n— Peter\u00a0Neumann {_VALUE}\n",
        f"{v.GO_TEXT}\n— Peter+Neumann {_VALUE}\n",
        f"{v.GO_TEXT}\n— PeterNeumann\n",
        f"{v.GO_TEXT}\n— PeterNeumann x08goA\n",
        f"{v.GO_TEXT}\n— PeterNeumann x08gow==\n",
        f"{v.GO_TEXT}\n— PeterNeumann {_VALUE} \n",
        f"{v.GO_TEXT}\n— PeterNeumann {_VALUE[:-2]}N=\n",
        _GO_NOTE.replace("problem,", "problem,\r"),
        _GO_NOTE.replace("problem,", "problem,\t"),
        _GO_NOTE.replace("problem,", "problem,\x00"),
        _GO_NOTE.replace("problem,", "problem,\ud800"),
        _GO_NOTE.encode().replace(b"problem,", b"problem,\xff"),
    ],
)
def test_what_is_not_a_note_is_refused(note: str | bytes) -> None:
    with pytest.raises(MalformedNote):
        open_note(note, [_PETER])


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "lone \udfff\n"])
def test_text_that_no_note_holds_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedNote):
        sign(text, _LOG)


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=60).map("{}\n".format)


@settings(max_examples=60)
@given(text=_TEXTS)
def test_any_text_goes_round(text: str) -> None:
    note = sign(text, _LOG)
    assert open_note(note.encode(), [_LOG.verifier]).text == text
    assert split(note)[1] == (signature_of(text, _LOG),)


@settings(max_examples=150)
@given(at=st.integers(0, len(_GO_NOTE.encode()) - 1), byte=st.integers(0, 255))
def test_no_byte_can_be_changed(at: int, byte: int) -> None:
    raw = _GO_NOTE.encode()
    changed = raw[:at] + bytes([byte]) + raw[at + 1 :]
    if changed != raw:
        with pytest.raises(TlogError):
            open_note(changed, [_PETER])


@settings(max_examples=150)
@given(note=st.binary(max_size=200) | st.text(max_size=200) | st.text("—\n PA=", max_size=40))
def test_rubbish_is_refused_in_our_own_words(note: str | bytes) -> None:
    with pytest.raises(TlogError):
        open_note(note, [_PETER])
