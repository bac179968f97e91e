"""The parts that one mock is made of, built in the order they stand on each other."""

from dataclasses import dataclass

from mock_national.calls import CallLog
from mock_national.catalogue import Catalogue, catalogue
from mock_national.door import Door
from mock_national.exchange import Desk
from mock_national.faults import FaultBook
from mock_national.fetching import Fetcher
from mock_national.holdings import Holdings
from mock_national.paper_holdings import PaperHoldings
from mock_national.publications import Publications
from mock_national.registry import ensure_people
from mock_national.settings import Settings
from mock_national.store import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """What the systems, the admin API and the pages share."""

    settings: Settings
    store: Store
    catalogue: Catalogue
    holdings: Holdings
    log: CallLog
    faults: FaultBook
    door: Door
    desk: Desk
    papers: PaperHoldings
    publications: Publications
    fetcher: Fetcher


def build(settings: Settings) -> Parts:
    """Open the store, fill in the invented people when they are missing, read the catalogue.

    Raises:
        sqlite3.Error: when the store cannot be opened.
    """
    store = Store(settings.database)
    ensure_people(store, settings)
    log = CallLog(store.connection)
    door = Door()
    holdings = Holdings(store)
    publications = Publications(store, holdings)
    return Parts(
        settings=settings,
        store=store,
        catalogue=catalogue(),
        holdings=holdings,
        log=log,
        faults=FaultBook(settings.clock),
        door=door,
        desk=Desk(settings, store, log, door),
        papers=PaperHoldings(store),
        publications=publications,
        fetcher=Fetcher(settings, store, publications),
    )
