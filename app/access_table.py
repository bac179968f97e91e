"""``docs/access.md``: who may do what, made from the permissions, the roles and what every route itself asks for.

There is no second list: a route's own dependency (``app.deps.Requires``) is read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.deps import Requires
from app.domain.access import Bound, Permission, Role, Scope, Thing, is_for_software, permissions_of
from app.texts import text

#: Whom the columns are about, in their order.
HOLDERS: Final[tuple[str, ...]] = (*Role, *Scope)
_YES, _NO = "●", "·"
_HEAD: Final = """# Ai được làm gì (who may do what)

Tệp này do `lienthong access-table` tạo ra từ mã nguồn; đừng sửa bằng tay, kiểm thử sẽ báo sai.
*Made by `lienthong access-table` from the code, and held to it by a test that calls every route as every role.*

Mỗi thao tác đòi một quyền. Người có quyền qua vai trò; phần mềm qua gói (`intake`, `read`, `operate`, `admin`)
hoặc từng quyền một.
Không ai vừa sửa vừa duyệt; không ai sửa nhật ký; người kiểm tra chỉ xem. Ai bị từ chối đều có trong nhật ký.
Ai được cấp theo đơn vị (`--unit`) chỉ thấy và xử lý hồ sơ của đơn vị đó và các đơn vị trực thuộc.

*Each operation asks for one of the permissions named. People have them by role; software by bundles, or singly.
Nobody both edits and approves, nobody edits the log, auditors only read. Every refusal is on record.
Whoever was given units sees and touches only the dossiers that these receive, and units below them.*

## Thao tác (operations)
"""
_REACHES: Final = """
## Phạm vi đơn vị (reach)

Cột "Phạm vi" nói thao tác bị giới hạn thế nào với người gọi theo đơn vị; tên tham số là thứ cụ thể trong địa chỉ.
*How an operation is bounded for callers of some units; a parameter's name stands for the one thing in the address.*
"""
_PERMISSIONS: Final = """
## Quyền (permissions)

Cột cuối: phần mềm có thể được cấp riêng quyền này. Duyệt, và sửa tài khoản, chỉ dành cho người.
*Last column: software may be given it singly. To approve, and to edit accounts, is for people.*
"""
_ROLES: Final = """
## Vai trò (roles)
"""
_OPEN: Final = """
## Không cần quyền (open)

Trạng thái, trang mô tả, lấy token, đăng nhập; giấy tờ theo địa chỉ không đoán được; phần công khai của nhật ký.
Tài khoản của chính mình (`/account`, `/v1/sessions/current`) chỉ cần phiên đăng nhập.
*Health, descriptions, tokens, logging in; documents by an address that cannot be guessed; the public part of the log.
One's own account (`/account`, `/v1/sessions/current`) needs a session only.*
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One address and method, and what its route asks for; None: nothing."""

    method: str
    path: str
    asks: Requires | None

    def open_to(self, name: str) -> bool:
        """Whether a role, a scope or a single permission may do it."""
        return self.asks is None or bool(permissions_of([name]) & frozenset(self.asks.permissions))


def routes_of(holder: object) -> Iterator[BaseRoute]:
    """All routes, those of included routers too."""
    for route in getattr(holder, "routes", []):
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from routes_of(inner)


def asked_by(dependant: Dependant) -> Iterator[Requires]:
    """What a route asks for, through all its dependencies."""
    for inner in dependant.dependencies:
        if isinstance(inner.call, Requires):
            yield inner.call
        yield from asked_by(inner)


def operations(app: FastAPI) -> list[Operation]:
    """Every operation, by address.

    Raises:
        ValueError: a route asks twice, so that nobody could say which counts.
    """
    found = []
    for route in routes_of(app):
        if not isinstance(route, APIRoute):
            continue
        asked = list(asked_by(route.dependant))
        if len(asked) > 1:
            message = f"{route.path} asks for permissions in more than one place"
            raise ValueError(message)
        found += [Operation(method, route.path, asked[0] if asked else None) for method in route.methods or ()]
    return sorted(found, key=lambda one: (one.path, one.method))


def page(app: FastAPI) -> str:
    """The whole of ``docs/access.md``."""
    found = operations(app)
    guarded = [one for one in found if one.asks is not None]
    return "\n".join(
        [
            _HEAD,
            *_table(
                ["Thao tác (operation)", "Quyền (permission)", "Phạm vi (reach)", *HOLDERS],
                [
                    [
                        f"`{one.method} {one.path}`",
                        _permissions(one),
                        _reach(one),
                        *_marks(one.open_to(holder) for holder in HOLDERS),
                    ]
                    for one in guarded
                ],
            ),
            _REACHES,
            *_table(
                ["Ký hiệu", "Nghĩa", "Meaning"],
                [[f"`{name}`", text(key).vi, text(key).en] for name, key in _bounds(guarded)],
            ),
            _PERMISSIONS,
            *_table(
                ["Quyền", "Nghĩa", "Meaning", *HOLDERS, "phần mềm (software)"],
                [
                    [
                        f"`{one}`",
                        text(f"permission.{one}").vi,
                        text(f"permission.{one}").en,
                        *_marks(one in permissions_of([holder]) for holder in HOLDERS),
                        *_marks([is_for_software(one)]),
                    ]
                    for one in Permission
                ],
            ),
            _ROLES,
            *[f"- `{role}`: {text(f'access.role.{role}').vi} ({text(f'access.role.{role}').en})" for role in Role],
            _OPEN,
            *[f"- `{one.method} {one.path}`" for one in found if one.asks is None],
            "",
        ]
    )


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _marks(holds: Iterable[bool]) -> list[str]:
    return [_YES if held else _NO for held in holds]


def _permissions(one: Operation) -> str:
    return " / ".join(f"`{permission}`" for permission in one.asks.permissions) if one.asks else ""


def _reach(one: Operation) -> str:
    return f"`{one.asks.reach}`" if one.asks else ""


def _bounds(guarded: list[Operation]) -> list[tuple[str, str]]:
    used = {one.asks.reach for one in guarded if one.asks}
    bounds = [(bound.value, f"access.bound.{bound}") for bound in Bound if bound in used]
    things = [thing for thing in Thing if thing in used]
    return bounds + [(t.value, "access.bound.unit" if t is Thing.UNIT else "access.bound.thing") for t in things]
