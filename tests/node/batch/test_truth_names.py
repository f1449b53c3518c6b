"""Words in the names of files and folders, and how easily they are misread."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.batch.truth_names import NORMAL_NAMES, PATHOLOGY_NAMES, of_name

OUTPUT = Path(__file__).parents[3] / "docs" / "output.md"


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("norma_anon.zip", 0),
        ("Normal/007", 0),
        ("Норма 12", 0),
        ("pneumonia-3.zip", 1),
        ("pneumotorax_anon", 1),
        ("ПНЕВМОНИЯ/1", 1),
        ("abnormal_2", 1),
        ("no pathology/3", None),
        ("без патологии", None),
        ("normal/pneumonia_1", None),
        ("1.2.840.113", None),
        ("enormal", None),
    ],
)
def test_whole_words_of_a_name_tell(name: str, truth: int | None) -> None:
    """Both, a negation or neither tell nothing."""
    assert of_name(name) == truth


@pytest.mark.parametrize(
    "name",
    [
        "covid_negative_12.zip",
        "COVID-NEG/3",
        "Norma/scan COVID-negative.zip",
        "pneumonia_excluded.zip",
        "excluding cancer/1",
        "followup_pneumonia_resolved.zip",
        "pneumonia follow-up",
        "patient_rule_out_cancer.zip",
        "cancer ruled out",
        "covid-free",
        "suspected pneumonia",
        "?pneumonia",
        "post-covid",
        "history of tuberculosis",
        "исключить пневмония",
        "пневмония исключена",
        "covid отрицательный",
        "пневмония под вопросом",
        "подозрение на рак",
        "состояние после: пневмония",
    ],
)
def test_a_disease_that_is_denied_doubted_or_over_tells_nothing(name: str) -> None:
    """That one is absent does not say that there is no other."""
    assert of_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "Cancer center/p1.zip",
        "cancer_screening/p7.zip",
        "Covid Clinics/1",
        "normal dose chest.zip",
        "normal_kernel",
        "low-dose vs normal/p1.zip",
        "covid or cancer",
        "ill and healthy/3",
        "covid протокол",
        "рак центр/1",
        "скрининг рак",
        "quality control 4",
    ],
)
def test_a_word_that_stands_for_a_place_or_a_technique_tells_nothing(name: str) -> None:
    """Nor does one of two that are compared."""
    assert of_name(name) is None


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("Cancer center/normal/p1.zip", 0),
        ("cancer_screening/cancer/p7.zip", 1),
        ("normal vs pneumonia/pneumonia/3.zip", 1),
        ("low dose/norma_1.zip", 0),
    ],
)
def test_the_name_of_a_place_does_not_silence_the_others(name: str, truth: int) -> None:
    """Each file and folder is read for itself."""
    assert of_name(name) == truth


def test_every_word_of_a_name_is_documented() -> None:
    """Who asks for names to be believed can look up which."""
    text = OUTPUT.read_text(encoding="utf-8")

    words = {f"`{word}`" for word in NORMAL_NAMES | PATHOLOGY_NAMES}
    assert sorted(word for word in words if word not in text) == []
