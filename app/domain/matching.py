"""Comparing what a person declared with what the state holds: always a verdict with its reasons, no silent accept.

The parts: ``matching_verdicts`` (agreement and reasons), ``matching_names``, ``matching_numbers``, ``matching_places``,
``matching_values`` (dates, codes, texts). All are pure and total: any text has a verdict, none raises.
"""

from app.domain.matching_letters import fold_name
from app.domain.matching_names import match_name
from app.domain.matching_numbers import NumberFacts, check_number, match_number, number_facts
from app.domain.matching_places import PlaceFacts, match_place
from app.domain.matching_values import match_birth, match_code, match_email, match_gender, match_phone, match_text
from app.domain.matching_verdicts import Agreement, Match, Why

__all__ = [
    "Agreement",
    "Match",
    "NumberFacts",
    "PlaceFacts",
    "Why",
    "check_number",
    "fold_name",
    "match_birth",
    "match_code",
    "match_email",
    "match_gender",
    "match_name",
    "match_number",
    "match_phone",
    "match_place",
    "match_text",
    "number_facts",
]
