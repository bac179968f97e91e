"""The National Population Database (Cơ sở dữ liệu quốc gia về dân cư)."""

from connectors.population.client import PopulationConnector
from connectors.population.outcomes import PersonAnswer, PersonOutcome, PersonQuestion
from connectors.population.settings import OfficerKey, PopulationSettings, PopulationWay
from connectors.population.soap import fold_name

__all__ = [
    "OfficerKey",
    "PersonAnswer",
    "PersonOutcome",
    "PersonQuestion",
    "PopulationConnector",
    "PopulationSettings",
    "PopulationWay",
    "fold_name",
]
