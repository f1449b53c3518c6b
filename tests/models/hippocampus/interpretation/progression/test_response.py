"""The response of a bundle is read as it was written."""

from __future__ import annotations

from models.hippocampus.interpretation.progression.response import Response


def test_a_bundle_gives_back_the_response_that_it_took() -> None:
    """To three digits; and one without it says nothing."""
    measured = Response({"Hippocampus": 0.92449}, 200, 144)

    content = measured.as_json()

    assert content == {
        "response": {"Hippocampus": 0.924},
        "pairs": 200,
        "subjects": 144,
    }
    assert Response.of({"change": content | {"networks": {}}}) == Response(**content)
    assert Response.of({}) is None
