from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api.visitor import load_secret


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    secret = load_secret(tmp_path / "new")
    assert len(secret) == 64
    assert load_secret(tmp_path / "new") == secret
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o077 == 0


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        secrets = set(pool.map(lambda _: load_secret(tmp_path), range(64)))
    assert len(secrets) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
