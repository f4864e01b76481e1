import copy
import json
from typing import Any

import pytest

from evaluation.matching_instance import draw_district
from matching.assignment.certificate_file import CertificateUnreadable, certificate_data, verify
from matching.assignment.run import assign


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    district = draw_district(40, 8, seats_per_need=0.8, seed=4)
    run = assign(district.needs, district.mentors, district.day)
    written: dict[str, Any] = json.loads(json.dumps(certificate_data(run)))
    return written


def test_certificate_is_checked_without_the_run_that_made_it(data: dict[str, Any]) -> None:
    verdict = verify(data)
    assert verdict.valid
    assert verdict.worth == verdict.bound
    assert (verdict.needs, verdict.mentors) == (40, 8)


def tampered(data: dict[str, Any], name: str, change: Any) -> tuple[str, ...]:
    copied = copy.deepcopy(data)
    change(copied[name])
    return verify(copied).faults


def test_every_kind_of_tampering_is_found(data: dict[str, Any]) -> None:
    matched = next(i for i, j in enumerate(data["match"]) if j >= 0)
    assert tampered(data, "match", lambda match: match.__setitem__(matched, -1))
    assert tampered(data, "prices", lambda prices: prices.__setitem__(0, prices[0] + 10**12))
    forbidden = next(
        (i, j)
        for i, row in enumerate(data["pairs"])
        for j in range(8)
        if data["match"][i] != -1 and j not in {mentor for mentor, _ in row}
    )
    faults = tampered(data, "match", lambda match: match.__setitem__(*forbidden))
    assert "规则不允许" in faults[0]
    crowded = {**data, "seats": [0] * 8}
    assert any("超过名额" in fault for fault in verify(crowded).faults)
    assert any("覆盖权重" in fault for fault in verify({**data, "coverage": 1}).faults)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"kind": "other", "version": 1},
        {"match": []},
        {"match": None},
        {"prices": [0.5] * 8},
        {"pairs": [[[99, 1]]] * 40},
        {"seats": [10**9] * 8},
    ],
)
def test_what_is_no_certificate_is_refused(data: dict[str, Any], broken: dict[str, Any]) -> None:
    with pytest.raises(CertificateUnreadable):
        verify({**data, **broken} if broken else {})
