"""The answer processes as the server runs them: real snapshots, real kills."""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from api.chat.answer_pool import AnswerPool, answering
from api.settings import Settings
from api.snapshot import LiveSnapshot
from api.startup import open_database, snapshot_builder
from assistant.answer import Answer, Question
from knowledge.encoder import Encoder
from tests.fixtures.edge import add_document, small_document

QUESTION = Question("每年培训多少人?", date(2026, 11, 1))


@dataclass
class Installation:
    settings: Settings
    live: LiveSnapshot


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, encoder_data_dir: Path
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("pool")
    shutil.copytree(encoder_data_dir / "encoder", folder / "encoder")
    settings = Settings(data_dir=folder, answer_processes=1)
    database = open_database(settings.database_url)
    add_document(database, small_document())
    yield Installation(settings, LiveSnapshot(database, snapshot_builder(encoder, folder)))
    database.close()


@pytest.fixture(scope="module")
def pool(installation: Installation) -> Iterator[AnswerPool]:
    settings = installation.settings
    pool = AnswerPool(2, settings.database_url, settings.data_dir)
    yield pool
    pool.close()


def processes(pool: AnswerPool) -> list[int]:
    return [] if pool._pool is None else list(pool._pool._processes)


def test_processes_answer_as_the_main_one_and_name_their_versions(
    pool: AnswerPool, installation: Installation
) -> None:
    here = installation.live.current
    assert pool.size == 0
    assert pool.answer(QUESTION, here.answer) == here.answer(QUESTION)  # none is there yet
    pool.start()
    assert pool.size == 2
    answer = pool.answer(QUESTION, unused)
    assert "600人" in answer.text
    assert answer.text == here.answer(QUESTION).text
    assert answer.versions == here.versions


def test_lost_process_is_replaced_and_closed_ones_leave_the_answers_to_the_main_one(
    pool: AnswerPool, installation: Installation
) -> None:
    here = installation.live.current.answer
    pool.start()
    before = processes(pool)
    os.kill(before[0], signal.SIGKILL)
    # Until the loss is noticed the other process goes on answering.
    while set(processes(pool)) & set(before):
        assert "600人" in pool.answer(QUESTION, here).text
    pool.start()
    ended = processes(pool)
    assert len(ended) == 2

    pool.close()
    pool.start()
    assert pool.size == 0
    assert "600人" in pool.answer(QUESTION, here).text
    for process in ended:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_snapshot_answers_without_processes_too(installation: Installation) -> None:
    settings = installation.settings.model_copy(update={"answer_processes": 0})
    database = open_database(settings.database_url)
    current = installation.live.current
    with answering(settings, database, lambda _database: current) as live:
        assert live.answer_processes() == 0
        assert live.current is current
    database.close()


def unused(_question: Question) -> Answer:
    pytest.fail("a running pool answers itself")
