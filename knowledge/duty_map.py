"""Which department's duty is nearest to a question in meaning."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from knowledge.corpus import Corpus
from knowledge.department import find_department
from knowledge.register import Register

Vectors = NDArray[np.float32]


class DutyMap:
    """The duties in force on a day, of departments that are known by name, as vectors."""

    def __init__(
        self,
        corpus: Corpus,
        register: Register,
        vectors_of: Callable[[Sequence[str]], Vectors],
        day: date,
    ) -> None:
        """Collect the duties; `vectors_of` gives unit vectors of texts, float32 (n, d)."""
        valid = corpus.valid_documents(day)
        self._duties: list[tuple[str, str]] = []
        for duty in register.duties:
            if corpus.clauses[duty.statement.clause_id].document_id not in valid:
                continue
            for name in duty.departments:
                department = find_department(name)
                if department is not None:
                    self._duties.append((department.name, duty.statement.text))
                    break
        texts = [text for _, text in self._duties]
        self._vectors = vectors_of(texts) if texts else None

    def nearest(self, question: Vectors) -> tuple[str, str]:
        """Return department and sentence of the duty nearest to a vector, "" and "" for none."""
        if self._vectors is None:
            return "", ""
        return self._duties[int(np.argmax(self._vectors @ question))]
