"""The National Public Service Portal (Cổng Dịch vụ công quốc gia)."""

from connectors.portal.client import PortalConnector
from connectors.portal.encode import DossierFacts, Profile, Used, encode_dossier, encode_step
from connectors.portal.settings import PortalSettings

__all__ = [
    "DossierFacts",
    "PortalConnector",
    "PortalSettings",
    "Profile",
    "Used",
    "encode_dossier",
    "encode_step",
]
