"""The national catalogue as far as the tables know it, and the answers it gives."""

from dataclasses import dataclass, field
from functools import cache

from mock_national.tables import rows


@dataclass(slots=True)
class Procedure:
    """One procedure; `components` are its component rows that carry a code."""

    code: str
    name: str
    field_code: str
    row: dict[str, str]
    component_codes: set[str] = field(default_factory=set)
    components: list[dict[str, str]] = field(default_factory=list)


class Catalogue:
    """Procedures, fields, agencies and result codes, read once."""

    def __init__(self) -> None:
        """Read the tables; about a tenth of a second."""
        self.procedures = {
            row["code"]: Procedure(row["code"], row["name"], row["field_code"], row) for row in rows("procedures")
        }
        for row in rows("components"):
            procedure = self.procedures.get(row["procedure_code"])
            if procedure is not None:
                procedure.component_codes.add(row["component_code"])
                procedure.components.append(row)
        self.closed = frozenset(row["code"] for row in rows("closed_procedures"))
        self.results = {row["code"]: row["name"] for row in rows("results")}
        self.fields = list(rows("fields"))
        self.agencies = list(rows("agencies"))

    def procedure_list(self) -> list[dict[str, str]]:
        """LayDanhSachTTHC: code and name of every open procedure."""
        return [{"MATTHC": p.code, "TENTTHC": p.name} for p in self.procedures.values() if p.code not in self.closed]

    def field_list(self) -> list[dict[str, str]]:
        """LayDanhMucLinhVuc: the few fields whose code is known."""
        return [{"MALINHVUC": f["code"], "TENLINHVUC": f["name"], "MANGANH": f["agency"]} for f in self.fields]

    def agency_list(self) -> list[dict[str, str]]:
        """LayDanhMucCoQuan; CAPDONVI holds the kind word of our table, since the national values are unknown."""
        return [{"MADONVI": a["code"], "TENDONVI": a["name"], "CAPDONVI": a["kind"]} for a in self.agencies]

    def detail(self, code: str) -> list[dict[str, object]]:
        """LayThuTuc: a list of one procedure, or an empty list when it is not known."""
        procedure = self.procedures.get(code)
        if procedure is None:
            return []
        row = procedure.row
        return [
            {
                "ID": procedure.code,
                "MATTHC": procedure.code,
                "TENTTHC": procedure.name,
                "LOAITTHC": row["kind"],
                "TRANGTHAI": "CLOSED" if code in self.closed else row["state"],
                "MACOQUANCONGBO": row["agency_code"],
                "LINHVUCTHUCHIEN": [{"MALINHVUC": procedure.field_code, "TENLINHVUC": row["field_name"]}],
                "CAPTHUCHIEN": [{"CAPTHUCHIEN": level} for level in row["level"].split(";") if level],
                "DOITUONGTHUCHIEN": [{"TENDOITUONG": name.strip()} for name in row["subjects"].split(";") if name],
                "KETQUATHUCHIEN": [
                    {"MAKETQUA": result, "TENKETQUA": self.results.get(result, "")}
                    for result in row["result_codes"].split(" | ")
                    if result
                ],
                "THANHPHANHOSO": self._groups(procedure),
            }
        ]

    @staticmethod
    def _groups(procedure: Procedure) -> list[dict[str, object]]:
        groups: dict[str, list[dict[str, str]]] = {}
        for row in procedure.components:
            groups.setdefault(row["group_name"], []).append(
                {
                    "MAGIAYTO": row["component_code"],
                    "TENGIAYTO": row["component_name"],
                    "SOBANCHINH": row["original_qty"],
                    "SOBANSAO": row["copy_qty"],
                    "TENMAUDON": "",
                    "URL": "",
                }
            )
        return [{"TRUONGHOP": name, "GIAYTO": papers} for name, papers in groups.items()]


@cache
def catalogue() -> Catalogue:
    """The catalogue of this process; nothing changes it, so every mock in the process shares it."""
    return Catalogue()
