"""The population database's question (services ``003`` and ``037``), in its own names and strict order.

Empty fields are left out. Sources: public clients and the service description of the national platform.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

#: Each service by its number, and the operation that carries it.
OPERATIONS: Final[Mapping[str, str]] = {"003": "XacThucThongTinCongDan", "037": "TraCuuThongTinCongDan"}

# The characters of XML 1.0, section 2.2; no escape brings another across.
XmlText = Annotated[str, StringConstraints(pattern=r"^[\t\n\r -\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]*$")]


class CitizenQuestion(BaseModel):
    """A number, a name and a birth date that must all be one person's. Exactly one number and one birth are given."""

    # Whoever reads an error must not read the person in it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    ORDER: ClassVar[tuple[str, ...]] = (
        "MaYeuCau",
        "MaDVC",
        "MaTichHop",
        "MaCanBo",
        "MaDonVi",
        "SoDinhDanh",
        "SoCMND",
        "HoVaTen",
    )

    MaYeuCau: XmlText
    MaDVC: XmlText
    MaTichHop: Literal["003", "037"]
    MaCanBo: XmlText
    MaDonVi: XmlText
    SoDinhDanh: Annotated[str, StringConstraints(pattern=r"^([0-9]{12})?$")] = ""
    SoCMND: Annotated[str, StringConstraints(pattern=r"^([0-9]{9})?$")] = ""
    HoVaTen: XmlText
    NgayThangNam: Annotated[str, StringConstraints(pattern=r"^([0-9]{8})?$")] = ""
    Nam: Annotated[str, StringConstraints(pattern=r"^([0-9]{4})?$")] = ""
