"""The population database's question (service ``XacThucThongTinCongDan``), in its own names and strict order.

Empty fields are left out. Sources: public clients and the service description of the national platform.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class XacThuc(BaseModel):
    """Is this number, name and birth date one person? Exactly one number and one birth date are given."""

    model_config = ConfigDict(extra="forbid", frozen=True)
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

    MaYeuCau: str
    MaDVC: str
    MaTichHop: str
    MaCanBo: str
    MaDonVi: str
    SoDinhDanh: str = ""
    SoCMND: str = ""
    HoVaTen: str
    NgayThangNam: str = ""
    Nam: str = ""
