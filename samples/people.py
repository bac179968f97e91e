"""Invented people and bodies: names, numbers, ways to reach them.

Nobody can be meant. Personal numbers begin with three digits that no province ever had (TT 07/2016/TT-BCA), old
numbers with a 9, tax numbers carry a wrong check digit, telephone numbers begin with 0000, and all addresses are
under ``.example``.
"""

import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

NAMES_FILE: Final = Path(__file__).with_name("names.json")
NO_PROVINCE: Final = ("003", "005", "007", "009", "097", "098", "099")
PEOPLES: Final = {"kinh": 58, "ede": 18, "mnong": 6, "jarai": 5, "tay": 4, "nung": 5, "hmong": 4}
_BORN: Final = (1938, 2007)
_OLD_NUMBERS_UNTIL: Final = 1958
_CENTURY: Final = 2000
# The mock population database keeps the last three digits from 900 on for its faults.
_TAIL_MAX: Final = 900
_TAX_WEIGHTS: Final = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_OFF: Final = 5
_TRADES: Final = ("Cà phê", "Xây dựng", "Hồ tiêu", "Vận tải", "Nông sản", "Sầu riêng", "Du lịch", "Thương mại")
_FORMS: Final = ("Công ty TNHH", "Công ty cổ phần", "Doanh nghiệp tư nhân", "Hợp tác xã")
_BODIES: Final = ("Hội Nông dân", "Hội Liên hiệp Phụ nữ", "Trường Tiểu học", "Hội Cựu chiến binh", "Quỹ Khuyến học")
_AGENCIES: Final = ("Ban Quản lý dự án", "Phòng Kinh tế", "Hạt Kiểm lâm", "Trạm Khuyến nông")

Json = dict[str, Any]


def chance(random: Random, share: float) -> bool:
    """True in ``share`` of all cases."""
    return random.random() < share


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person; ``people`` is a key of ``PEOPLES``."""

    full_name: str
    people: str
    female: bool
    born: int


class People:
    """Draws people and bodies, always the same from the same random source."""

    def __init__(self, random: Random) -> None:
        """Read the parts of names."""
        self._random = random
        self._parts: Json = json.loads(NAMES_FILE.read_text(encoding="utf-8"))

    def person(self) -> Person:
        """Anybody of age."""
        people = self._random.choices(list(PEOPLES), weights=list(PEOPLES.values()))[0]
        female = chance(self._random, 0.5)
        return Person(self._name(people, female=female), people, female, self._random.randint(*_BORN))

    def applicant(self, kind: str, place: str) -> tuple[Json, str]:
        """An applicant as the contract wants it, and the people it belongs to ("" for bodies).

        Args:
            kind: of ``schemas.provincial.ApplicantKind``.
            place: name of the ward or commune, for bodies that carry it.
        """
        if kind == "citizen":
            person = self.person()
            known: Json = {"kind": kind, "full_name": person.full_name, "identities": self._papers(person)}
            return known | self._reached_at(person.full_name, "nguoidan"), person.people
        name, tax = self._body(kind, place), {"kind": "tax_number", "number": self._tax_number()}
        return {"kind": kind, "full_name": name, "identities": [tax]} | self._reached_at(name, "tochuc"), ""

    def account(self) -> str:
        """An account id as the portal might give it."""
        return f"00000000-{self._random.getrandbits(16):04x}-4000-8000-{self._random.getrandbits(48):012x}"

    def personal_number(self, born: int, *, female: bool) -> str:
        """Twelve digits: no province, sex and century, year of birth, six more."""
        sex = 2 * (born >= _CENTURY) + female
        tail = self._random.randrange(1000) * 1000 + self._random.randrange(_TAIL_MAX)
        return f"{self._random.choice(NO_PROVINCE)}{sex}{born % 100:02d}{tail:06d}"

    def _papers(self, person: Person) -> list[Json]:
        old = {"kind": "old_identity_number", "number": f"9{self._random.randrange(10**8):08d}"}
        if person.born <= _OLD_NUMBERS_UNTIL and chance(self._random, 0.5):
            return [old]
        number = self.personal_number(person.born, female=person.female)
        new = {"kind": "personal_number", "number": number}
        return [new, old] if chance(self._random, 0.05) else [new]

    def _reached_at(self, name: str, house: str) -> Json:
        found: Json = {}
        if chance(self._random, 0.85):
            found["phone"] = f"0000 {self._random.randrange(1000):03d} {self._random.randrange(1000):03d}"
        if chance(self._random, 0.3):
            plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
            letters = "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
            found["email"] = f"{letters[:40]}{self._random.randrange(100)}@{house}.example"
        return found

    def _tax_number(self) -> str:
        digits = [self._random.randrange(10) for _ in _TAX_WEIGHTS]
        total = sum(digit * weight for digit, weight in zip(digits, _TAX_WEIGHTS, strict=True))
        wrong = (10 - total % 11 + _OFF) % 10
        return "".join(map(str, [*digits, wrong]))

    def _body(self, kind: str, place: str) -> str:
        number = self._random.randint(1, 99)
        if kind == "enterprise":
            return f"{self._random.choice(_FORMS)} {self._random.choice(_TRADES)} Mẫu {number}"
        if kind == "state_agency":
            return f"{self._random.choice(_AGENCIES)} {place} (mẫu {number})"
        return f"{self._random.choice(_BODIES)} {place} (mẫu {number})"

    def _name(self, people: str, *, female: bool) -> str:
        parts = self._parts
        own, sex, draw = parts[people], "female" if female else "male", self._random.choice
        if people == "ede":
            first = (
                f"{draw(own['female_marks'])}{draw(own['given_female'])}" if female else f"Y {draw(own['given_male'])}"
            )
            return f"{first} {draw(own['clans'])}"
        if people == "mnong":
            return f"{'Thị' if female else 'Y'} {draw(own['given'])} {draw(own['families'])}"
        if people == "jarai":
            return f"{draw(own['families'])} {'H’' if female else ''}{draw(own['given'])}"
        if people == "hmong":
            return f"{draw(own['families'])} {'Thị' if female else 'A'} {draw(own[f'given_{sex}'])}"
        kinh = parts["kinh"]
        if people == "kinh":
            family = self._random.choices(list(own["families"]), weights=list(own["families"].values()))[0]
        else:
            family = draw(own["families"])
        return f"{family} {draw(kinh[f'middle_{sex}'])} {draw(kinh[f'given_{sex}'])}"
