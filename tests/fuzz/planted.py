"""Words that must come out nowhere, planted where secrets and persons stand. A new secret is one line, or none.

Every setting that is a ``SecretStr`` is planted by itself. What is no setting (keys in files, tokens that the program
makes) is added by the driver as it is made.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from app.config import Settings

NAME, NUMBER, BIRTH = "Niê Kđăm Trồngthử", "003190777001", "1987-03-29"
PHONE, EMAIL, STREET = "0900777123", "trong.thu@nguoi-mau.example", "77 Đường Trồngthử"
OTHER_NUMBER, OFFICER_NAME = "003085777002", "Cán Bộ Trồngthử"
#: What names a person. A birth date alone does not.
PERSONAL = {
    "name": NAME,
    "number": NUMBER,
    "phone": PHONE,
    "email": EMAIL,
    "street": STREET,
    "number of a requester": OTHER_NUMBER,
}
#: Settings that are no SecretStr and hold a secret.
_KEYS = {"account_key", "account_old_keys"}
_MORE: dict[str, str] = {}


def secret_settings() -> list[str]:
    """Names of the settings that hold secrets."""
    fields = Settings.model_fields.items()
    return sorted([name for name, one in fields if SecretStr in _parts(one.annotation)] + list(_MORE))


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *getattr(annotation, "__args__", ())]


def word(name: str) -> str:
    """What is planted under a name; a key of 32 bytes, in base64, where only such a one is taken."""
    if name in _KEYS:
        return base64.b64encode(f"gieo-{name}".encode().ljust(32, b"-")).decode()
    return f"gieo-{name.replace('_', '-')}-7f3a"


def write_secrets(folder: Path) -> dict[str, str]:
    """A file for each secret setting; what was planted, by name."""
    planted = {}
    folder.mkdir()
    for name in secret_settings():
        planted[name] = word(name)
        origins = {getattr(part, "__origin__", None) for part in _parts(Settings.model_fields[name].annotation)}
        text = word(name)
        if dict in origins:
            text = json.dumps({"canbo01": f"khoa-01:{word(name)}"})
        elif tuple in origins:
            text = json.dumps([word(name)])
        file = folder / f"lienthong_{name}"
        file.write_text(text, "utf-8")
        file.chmod(0o600)
    return planted


@dataclass
class Finder:
    """Looks for planted words, as they are and as they are written on a wire."""

    words: dict[str, str]
    found: list[tuple[str, str]] = field(default_factory=list)

    def look(self, place: str, text: str) -> None:
        """Look in one place."""
        for name, planted in self.words.items():
            if any(form in text for form in forms(planted)):
                self.found.append((place, name))


def forms(planted: str) -> set[str]:
    """A word as it may stand in a text: plain, escaped in JSON once or twice, in an address, in base64."""
    escaped = json.dumps(planted)[1:-1]
    encoded = {base64.b64encode(b"x" * shift + planted.encode()).decode()[4:-4] for shift in range(3)}
    return {planted, escaped, json.dumps(escaped)[1:-1], quote(planted), quote(planted, safe="")} | encoded
