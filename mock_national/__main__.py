"""`python -m mock_national`: the national systems in one process."""

import argparse
import signal
from collections.abc import Sequence
from typing import cast, get_args

from mock_national.app import create_app
from mock_national.scenarios import Scenario, find_scenario
from mock_national.serving import MockServer
from mock_national.settings import (
    AnswerStyle,
    PaperFileShape,
    PopulationShape,
    Profile,
    RecordNotFound,
    RecordShape,
    Settings,
)


def _parser() -> argparse.ArgumentParser:
    defaults = Settings()
    parser = argparse.ArgumentParser(
        prog="python -m mock_national",
        description="The National Public Service Portal, the National Population Database and the national store of"
        " papers, as outsiders.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8099, help="0 picks a free port")
    add("--database", default=defaults.database, help="SQLite file")
    add("--profile", choices=get_args(Profile), default=defaults.profile, help="generation of the field rules")
    add("--session-seconds", type=float, default=defaults.session_seconds)
    add("--answer-style", choices=get_args(AnswerStyle), default=defaults.answer_style, help="how success is written")
    add("--admin", action=argparse.BooleanOptionalAction, default=defaults.admin, help="serve /__admin")
    add("--provider-code", default=defaults.provider_code, help="the dstcode that is served")
    add("--login-path", default=defaults.login_path)
    add("--share-path", default=defaults.share_path)
    add("--integration-path", default=defaults.integration_path)
    add("--population-shape", choices=get_args(PopulationShape), default=defaults.population_shape)
    add("--record-shape", choices=get_args(RecordShape), default=defaults.record_shape)
    add("--record-not-found", choices=get_args(RecordNotFound), default=defaults.record_not_found)
    add("--strict-order", action=argparse.BooleanOptionalAction, default=defaults.strict_order, help="of XML elements")
    add("--direct-service-path", default=defaults.direct_service_path, help="what the hash of way D binds")
    add("--unit-calls-per-second", type=float, default=defaults.unit_calls_per_second, help="0 is no limit")
    add("--officer-calls-per-day", type=int, default=defaults.officer_calls_per_day, help="0 is no limit")
    add("--people-count", type=int, default=defaults.people_count)
    add("--people-seed", type=int, default=defaults.people_seed)
    add("--paper-login-path", default=defaults.paper_login_path)
    add("--paper-list-path", default=defaults.paper_list_path)
    add("--paper-file-path", default=defaults.paper_file_path)
    add("--paper-provider-url", default=defaults.paper_provider_url, help="the providerurl of the store of papers")
    add("--paper-file-shape", choices=get_args(PaperFileShape), default=defaults.paper_file_shape)
    add("--link-seconds", type=float, default=defaults.link_seconds, help="time for fetching one published link")
    add("--link-bytes-max", type=int, default=defaults.link_bytes_max, help="longest file behind a link")
    add("--slow-seconds", type=float, default=defaults.slow_seconds, help="wait of the number ending in 901")
    add(
        "--scenario",
        type=find_scenario,
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="arm a scenario at the start: one that is shipped, or a YAML file; may be given again",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; one line of JSON on stdout says where."""
    options = vars(_parser().parse_args(arguments))
    host, port = cast("str", options.pop("host")), cast("int", options.pop("port"))
    wanted = cast("list[Scenario]", options.pop("scenario"))
    app = create_app(Settings(**options))
    for scenario in wanted:
        scenario.arm(app.state.faults)
    # uvicorn raises the signal again once it has shut down; a handler of ours makes that an orderly exit.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    MockServer(app, host, port).run()


if __name__ == "__main__":
    main()
