"""How far long work is, on standard error: standard output is for results."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, Self

from tqdm import tqdm


def say(text: str) -> None:
    """Tell the operator something."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Give a progress that counts on a terminal; nothing is said when there is nothing to do."""
    bars: list[tqdm[NoReturn]] = []

    def step(done: int) -> None:
        if not bars and not sys.stderr.isatty():
            say(f"{what}…")
        if not bars:
            bars.append(tqdm(desc=what, file=sys.stderr, disable=None, bar_format="{desc} {n_fmt}"))
        bars[0].update(done)

    yield step
    for bar in bars:
        bar.close()


class Steps:
    """A bar for each named step of long work; called with the name, how many, of how many."""

    def __init__(self) -> None:
        self._name = ""
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._close()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show that so many of a step are done."""
        if self._bar is None or name != self._name:
            self._close()
            self._name = name
            form = "{desc} {bar} {n_fmt}/{total_fmt}"
            self._bar = tqdm(desc=name, total=total, file=sys.stderr, disable=None, bar_format=form)
        self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
