"""Those who bring images and retention never work on one study at a time."""

from __future__ import annotations

import threading
import time

import pytest

from node.inbound.claims import Claims


def is_free(claims: Claims, study: str) -> bool:
    """Tell whether retention could have the study now."""
    with claims.alone(study) as free:
        return free


def test_a_claim_holds_until_it_is_given_back() -> None:
    """Each of several by itself, and for its own study alone."""
    claims = Claims()
    for _ in range(2):
        with claims.taking("1.2"):
            pass

    held = [is_free(claims, "1.2")]
    for _ in range(2):
        claims.give_back("1.2")
        held.append(is_free(claims, "1.2"))

    assert held == [False, False, True]
    with claims.taking("1.3"):
        assert is_free(claims, "1.2")


def test_a_claim_that_came_to_nothing_is_given_back() -> None:
    """An image that was refused holds nothing."""
    claims = Claims()

    with pytest.raises(OSError, match="full"), claims.taking("1.2"):
        raise OSError("full")

    assert is_free(claims, "1.2")


def test_who_brings_an_image_waits_while_its_study_is_emptied() -> None:
    """And only for its own study."""
    claims, taken = Claims(), threading.Event()

    def bring() -> None:
        with claims.taking("1.2"):
            taken.set()

    with claims.alone("1.2") as free:
        assert free
        sender = threading.Thread(target=bring)
        sender.start()
        with claims.taking("1.3"):  # another study does not wait
            pass
        assert not taken.wait(0.1)
    sender.join(5)

    assert taken.is_set()
    assert not is_free(claims, "1.2")


def test_nobody_ever_finds_another_in_the_study() -> None:
    """Four threads bring, as fast as they can, until one has emptied fifty times."""
    claims, done = Claims(), threading.Event()
    inside: list[str] = []
    met: list[tuple[str, ...]] = []

    def bring() -> None:
        while not done.is_set():
            with claims.taking("1.2"):
                inside.append("image")
            inside.remove("image")
            claims.give_back("1.2")
            time.sleep(0.0005)

    def empty() -> None:
        while len(met) < 50:
            with claims.alone("1.2") as free:
                if free:
                    met.append(tuple(inside))
        done.set()

    threads = [threading.Thread(target=each) for each in (*[bring] * 4, empty)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(met) == {()}
