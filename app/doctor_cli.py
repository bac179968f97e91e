"""``lienthong doctor``: the self-check of security level 3, as a table for people or JSON for programs."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.api.compliance import told
from app.cli_work import run
from app.config import load_settings
from app.domain.compliance import NOT_OURS, Judged, Mark, exit_code
from app.texts import text
from app.usecases import compliance
from app.usecases.compliance import Report
from app.usecases.context import Context

_STYLES = {Mark.GREEN: "green", Mark.RED: "bold red", Mark.UNSEEN: "bold yellow"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="the answer of GET /v1/compliance")] = False,  # noqa: FBT002 - an option
) -> None:
    """Look at every point of level 3 that a program can see. Exit code 1: something required is red; 2: not looked."""

    async def work(context: Context) -> Report:
        return await compliance.report(context)

    report = run(load_settings(), work)
    if as_json:
        typer.echo(told(report).model_dump_json(indent=1))
    else:
        _show(Console(), report)
    raise typer.Exit(exit_code(report.judged))


def _show(console: Console, report: Report) -> None:
    table = Table("điểm", "", "nội dung / what", "thấy gì / evidence", show_lines=True)
    for each in report.judged:
        mark = each.found.mark
        name = text(f"mark.{mark.value}")
        table.add_row(each.check.point, f"[{_STYLES[mark]}]{name.vi}[/]\n{name.en}", _about(each), _evidence(each))
    console.print(table)
    duties = Table(
        "điểm", "phần mềm không thấy được; người phải làm / no program sees it; a person must", show_lines=True
    )
    for duty in NOT_OURS:
        words = text(f"not_ours.{duty.id}")
        duties.add_row(duty.point, f"{words.vi}\n{words.en}\n{duty.basis}")
    console.print(duties)
    console.print(_verdict(report), soft_wrap=True, markup=False)


def _about(judged: Judged) -> str:
    title = text(f"check.{judged.check.id}")
    words = f"{title.vi}{' *' if judged.check.required else ''}\n{title.en}\n[dim]{judged.check.basis}[/]"
    if judged.found.mark is Mark.GREEN:
        return words
    to_do = text(f"check.{judged.check.id}.do")
    return f"{words}\n→ {to_do.vi}\n→ {to_do.en}"


def _evidence(judged: Judged) -> str:
    return "\n".join(f"{name}={value}" for name, value in judged.found.evidence.items()).replace("[", "\\[")


def _verdict(report: Report) -> str:
    at = report.at.isoformat(timespec="seconds")
    if not report.red:
        return f"{at}: mọi điểm bắt buộc (*) đều đạt / everything required (*) is green"
    names = ", ".join(report.red)
    if report.may_ask:
        return (
            f"{at}: chưa đạt / not green: {names}; chế độ phát triển, không chặn / development, so nothing is blocked"
        )
    return f"{at}: CHẶN hỏi CSDL dân cư / population database BLOCKED: {names}"
