"""The national store of digitised papers (kho dữ liệu điện tử của tổ chức, cá nhân), to be read."""

from connectors.national_store.client import NationalStoreConnector
from connectors.national_store.outcomes import (
    FileAnswer,
    HeldFile,
    HeldPaper,
    NationalStore,
    PapersAnswer,
    PapersQuestion,
    StoreChannel,
    StoreOutcome,
)
from connectors.national_store.settings import NationalStoreSettings

__all__ = [
    "FileAnswer",
    "HeldFile",
    "HeldPaper",
    "NationalStore",
    "NationalStoreConnector",
    "NationalStoreSettings",
    "PapersAnswer",
    "PapersQuestion",
    "StoreChannel",
    "StoreOutcome",
]
