"""The National Population Database (Cơ sở dữ liệu quốc gia về dân cư)."""

from connectors.population.client import PopulationConnector
from connectors.population.outcomes import (
    FieldValue,
    PersonAnswer,
    PersonConnector,
    PersonOutcome,
    PersonQuestion,
    Place,
    RecordAnswer,
    Relative,
)
from connectors.population.settings import OfficerKey, PopulationService, PopulationSettings, PopulationWay
from connectors.population.soap import fold_name

__all__ = [
    "FieldValue",
    "OfficerKey",
    "PersonAnswer",
    "PersonConnector",
    "PersonOutcome",
    "PersonQuestion",
    "Place",
    "PopulationConnector",
    "PopulationService",
    "PopulationSettings",
    "PopulationWay",
    "RecordAnswer",
    "Relative",
    "fold_name",
]
