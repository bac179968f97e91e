"""The alarms that are shipped speak of figures that there are."""

import re
from pathlib import Path

import yaml

from app import observability

ALARMS = Path(__file__).parents[2] / "docs" / "alarms.yml"


def test_every_alarm_is_over_a_figure_that_is_served() -> None:
    (group,) = yaml.safe_load(ALARMS.read_text("utf-8"))["groups"]
    served = {
        metric.name + ("_total" if metric.type == "counter" else "") for metric in observability.REGISTRY.collect()
    }
    for rule in group["rules"]:
        named = set(re.findall(r"lienthong_\w+", rule["expr"]))
        assert named <= served, rule["alert"]
        assert named or rule["expr"].startswith("up{")
        assert set(rule["annotations"]) == {"summary", "description"}
