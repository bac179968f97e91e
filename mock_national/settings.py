"""What can be chosen when the mock starts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Profile = Literal["v1.4", "v2"]
AnswerStyle = Literal["0", "00", "int"]
PopulationShape = Literal["count", "exists"]
RecordShape = Literal["plain", "structured", "bare", "unprefixed"]
RecordNotFound = Literal["empty", "none"]
PaperFileShape = Literal["text", "json"]

PEOPLE_SEED = 20251123
PEOPLE_COUNT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every choice of one mock; times are in seconds, `clock` gives Unix time.

    `unit_calls_per_second` and `officer_calls_per_day` are the population quotas; 0 switches one off.
    `record_shape` and `record_not_found` dress service 037; without `strict_order` elements may come in any order.
    `direct_service_path` is what the hash of way D binds ("" for the path as called).
    `slow_seconds` is how long the number ending in 901 is kept waiting.
    The `*_path` values follow `…/RestService/forward/`. `paper_file_shape` is how the store of papers gives a file:
    its base64 as plain text or as a JSON text. `link_seconds` and `link_bytes_max` bound the fetching of one link.
    """

    database: str = "mock_national.sqlite3"
    profile: Profile = "v2"
    session_seconds: float = 600
    answer_style: AnswerStyle = "0"
    admin: bool = True
    provider_code: str = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
    login_path: str = "mapi/login"
    share_path: str = "mapi/share"
    integration_path: str = "mapi/integration"
    array_items_max: int = 1000
    population_shape: PopulationShape = "count"
    record_shape: RecordShape = "plain"
    record_not_found: RecordNotFound = "empty"
    strict_order: bool = True
    direct_service_path: str = ""
    unit_calls_per_second: float = 5
    officer_calls_per_day: int = 200
    people_count: int = PEOPLE_COUNT
    people_seed: int = PEOPLE_SEED
    slow_seconds: float = 5
    paper_login_path: str = "bndp/public/v1/login"
    paper_list_path: str = "bndp/public/v1/papers"
    paper_file_path: str = "bndp/public/v1/papers/file"
    paper_provider_url: str = "https://apigiaytocanhan.dichvucong.gov.vn"
    paper_file_shape: PaperFileShape = "text"
    link_seconds: float = 30
    link_bytes_max: int = 64 * 1024 * 1024
    clock: Callable[[], float] = time.time
