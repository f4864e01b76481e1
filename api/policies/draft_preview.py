"""What the service would answer if a draft were published; nothing is stored."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from api.snapshot import Snapshot
from knowledge.corpus import Corpus, load_corpus
from knowledge.ingest import publish_draft
from storage.database import Database

INDEX = "index"


class _NotKept(Exception):
    """Ends a transaction that is not to change anything."""


class DraftPreviews:
    """The last preview, kept while nothing changes; one is computed at a time."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._working = threading.Lock()
        self._last: tuple[tuple[str, int], Snapshot] | None = None

    def of(
        self,
        database: Database,
        document_id: int,
        state: str,
        understand: Callable[[Corpus, Path], Snapshot],
    ) -> Snapshot:
        """Return the snapshot with a draft in force; `state` names everything else it rests on.

        The index is computed in a folder of its own. Raises DocumentNotFound.
        """
        with self._working:
            key = (state, document_id)
            if self._last is None or self._last[0] != key:
                corpus = corpus_with_draft(database, document_id, datetime.now(UTC))
                self._last = key, understand(corpus, self._folder())
            return self._last[1]

    def _folder(self) -> Path:
        """Return the preview's folder; what is computed already need not be again."""
        folder = self._data_dir / "preview"
        if (self._data_dir / INDEX).exists():
            shutil.copytree(self._data_dir / INDEX, folder / INDEX, dirs_exist_ok=True)
        return folder


def corpus_with_draft(database: Database, document_id: int, now: datetime) -> Corpus:
    """Return the corpus as publishing a draft would leave it. Raises DocumentNotFound."""
    corpora: list[Corpus] = []
    try:
        with database.writing() as db:
            publish_draft(db, document_id, now=now)
            db.flush()
            corpora.append(load_corpus(db))
            raise _NotKept
    except _NotKept:
        return corpora[0]


@contextmanager
def unseen(_what: str) -> Iterator[Callable[[int], None]]:
    """Show no progress: nobody watches the terminal for it."""
    yield lambda _done: None
