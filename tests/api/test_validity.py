from datetime import date
from typing import Any

import pytest

from api.policies.validity import Validity, spoken_address, validity_on
from knowledge.document import DocumentStatus
from tests.fixtures.edge import small_document

DAY = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, Validity.IN_FORCE),
        ({"expires_on": DAY}, Validity.IN_FORCE),
        ({"expires_on": date(2026, 6, 30)}, Validity.EXPIRED),
        ({"effective_on": date(2026, 7, 2)}, Validity.NOT_YET),
        ({"status": DocumentStatus.REVOKED}, Validity.REVOKED),
        ({"status": DocumentStatus.SUPERSEDED}, Validity.REPLACED),
        ({"status": DocumentStatus.SUPERSEDED, "replaced_on": DAY}, Validity.REPLACED),
        ({"status": DocumentStatus.PUBLISHED, "replaced_on": date(2026, 7, 2)}, Validity.IN_FORCE),
    ],
)
def test_state_agrees_with_what_answers_may_use(fields: dict[str, Any], state: Validity) -> None:
    document = small_document(**({"status": DocumentStatus.PUBLISHED} | fields))
    note = validity_on(document, DAY)
    assert note.state is state
    assert (note.state is Validity.IN_FORCE) == document.holds_on(DAY)
    assert note.explanation.endswith("。")


def test_addresses_as_people_say_them() -> None:
    assert spoken_address("三(一)2\u00b63") == "三(一)2 第3段"
    assert spoken_address("\u00b62") == "第2段"
    assert spoken_address("四(十)") == "四(十)"
