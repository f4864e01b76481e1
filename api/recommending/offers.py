"""What is recommended from, loaded from the database; project texts are encoded once."""

import os
import tempfile
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from sqlalchemy import select

from knowledge.indexing import TextEncoder
from matching.learning.weight_version import mentor_weights, project_weights
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor
from matching.projects.project import library_facts
from matching.projects.state import PUBLISHED
from matching.recommending.offers import Offers
from matching.recommending.project_table import ProjectTable, Vectors
from storage.database import Database


def load_offers(
    database: Database, encoder: TextEncoder, data_dir: Path, step: Callable[[int], None]
) -> Offers:
    """Load every published project and every mentor in office; `step` counts new texts."""
    with database.reading() as db:
        projects = tuple(p for p in library_facts(db) if p.state in PUBLISHED)
        rows = select(Mentor).where(Mentor.state == MentorState.ACTIVE).order_by(Mentor.code)
        mentors = tuple(mentor.facts() for mentor in db.scalars(rows))
        weights, for_mentors = project_weights(db), mentor_weights(db)
    texts = [project.search_text for project in projects]
    vectors = _vectors(texts, encoder, data_dir / "index", step)
    return Offers(
        table=ProjectTable(projects, vectors),
        weights=weights,
        mentors=mentors,
        mentor_weights=for_mentors,
        encode=lambda text: encoder.encode_queries([text])[0],
    )


def _vectors(
    texts: Sequence[str], encoder: TextEncoder, folder: Path, step: Callable[[int], None]
) -> Vectors | None:
    """Return the texts' unit vectors, float32 (n, d), kept in a file by their content.

    Each is encoded alone: in a batch, quantised models give slightly other vectors.
    """
    if not texts:
        return None
    digest = sha256("\0".join((encoder.fingerprint, *texts)).encode()).hexdigest()[:32]
    file = folder / f"projects-{digest}.npy"
    if (kept := _read(file, (len(texts), encoder.dimension))) is not None:
        return kept
    rows = []
    for text in texts:
        rows.append(encoder.encode_passages([text])[0])
        step(1)
    vectors: Vectors = np.stack(rows)
    _keep(vectors, file)
    return vectors


def _read(file: Path, shape: tuple[int, int]) -> Vectors | None:
    try:
        vectors: Vectors = np.load(file)
    except (OSError, ValueError, EOFError):
        return None  # not there, or torn by a power cut
    return vectors if vectors.shape == shape else None


def _keep(vectors: Vectors, file: Path) -> None:
    """Write as a whole or not at all, and drop what older libraries left."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as draft:
        np.save(draft, vectors)
    os.replace(draft.name, file)
    for old in file.parent.glob("projects-*.npy"):
        if old != file:
            old.unlink(missing_ok=True)
