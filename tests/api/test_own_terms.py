from pathlib import Path

from api.snapshot import LiveSnapshot
from knowledge.own_terms import OwnTerms, save_terms, terms_state
from storage.database import Database
from tests.fixtures.edge import StandIn


def test_own_terms_take_effect_without_a_restart(
    sqlite_database: Database, stand_in: StandIn, tmp_path: Path
) -> None:
    live = LiveSnapshot(sqlite_database, stand_in.snapshot, lambda: terms_state(tmp_path))
    assert not live.refresh()
    save_terms(tmp_path, OwnTerms(names=("雁来贷",)))
    assert live.refresh()
    assert not live.refresh()
