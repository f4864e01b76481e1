import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.evaluation import evaluate_app
from evaluation.matching import QUICK, evaluate_matching
from evaluation.matching_instance import draw_district


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    measured, certificate = evaluate_matching(QUICK)
    assert certificate["kind"] == "qichuang-assignment"
    return json.loads(json.dumps(measured))  # type: ignore[no-any-return]


def test_optimum_is_proven_and_matches_most(
    report: dict[str, list[dict[str, dict[str, dict[str, float]]]]],
) -> None:
    for row in report["instances"]:
        assert row["certificate_valid"]
        methods = row["methods"]
        best = methods.pop("optimal")
        assert all(best["matched"] >= other["matched"] for other in methods.values())
        assert all(best["utility"] >= other["utility"] for other in methods.values())
        assert methods["gale_shapley"]["blocking_pairs"] == 0


def test_claims_hold_on_the_small_instances(report: dict[str, dict[str, object]]) -> None:
    assert report["certificate"] == {"checked_without_solver": True}
    assert report["explanations"]["unexplained"] == 0
    assert set(report["metamorphic"].values()) == {0}
    assert set(report["list_metamorphic"].values()) == {0}
    assert report["floor"]["reached"]
    assert report["project_lists"]["relaxations_not_minimal"] == 0
    assert report["project_lists"]["empty_lists"] == 0


def test_learning_harms_nobody_in_the_worst_seed(
    report: dict[str, dict[str, dict[str, dict[str, float]]]],
) -> None:
    worst = [one["worst"] for prior in report["learning"].values() for one in prior.values()]
    assert min(worst) >= -0.01


def test_going_on_after_declines_is_told_for_the_worst_seed(
    report: dict[str, dict[str, dict[str, dict[str, float]]]],
) -> None:
    for policies in report["declines"].values():
        for one in policies.values():
            assert 0 < one["worst_matched"] <= one["matched"]


def test_districts_are_drawn_by_seed_alone() -> None:
    assert draw_district(30, 6, seed=1) == draw_district(30, 6, seed=1)
    assert draw_district(30, 6, seed=1) != draw_district(30, 6, seed=2)
    last = draw_district(30, 6, floor_group=True).needs
    belongs = [bool(need.groups) for need in last]
    assert belongs == sorted(belongs)


def test_command_writes_a_certificate_and_checks_it(tmp_path: Path) -> None:
    run = CliRunner()
    file = tmp_path / "proof.json"
    measured = run.invoke(evaluate_app, ["matching", "--quick", "--certificate", str(file)])
    assert measured.exit_code == 0, measured.output
    assert json.loads(measured.stdout)["instances"]
    checked = run.invoke(evaluate_app, ["matching", "--verify", str(file)])
    assert (checked.exit_code, json.loads(checked.stdout)["valid"]) == (0, True)
    forged = json.loads(file.read_text("utf-8"))
    forged["match"][next(i for i, j in enumerate(forged["match"]) if j >= 0)] = -1
    file.write_text(json.dumps(forged), encoding="utf-8")
    refused = run.invoke(evaluate_app, ["matching", "--verify", str(file)])
    assert refused.exit_code != 0
    assert not json.loads(refused.stdout)["valid"]
    file.write_text("[]", encoding="utf-8")
    assert run.invoke(evaluate_app, ["matching", "--verify", str(file)]).exit_code == 2
    assert run.invoke(evaluate_app, ["matching", "--verify", str(tmp_path / "none")]).exit_code == 2
