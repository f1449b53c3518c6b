"""Signals that come at any moment, in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.processes import ended_with_the_test

ROOT = Path(__file__).parents[2]


def program(code: str) -> subprocess.Popen[str]:
    """Start a process that runs ``code`` with the tree importable."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_signal_at_the_moment_of_the_wait_is_not_lost() -> None:
    """Whatever the main thread holds as it begins to wait, thousands of times."""
    code = """
        import random, signal
        from node.signals import stop_asked

        for _ in range(5000):
            wait = stop_asked([signal.SIGALRM])
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 2e-5))
            wait()
    """
    with ended_with_the_test(program(code)) as process:
        assert process.wait(30) == 0


def test_the_second_signal_ends_the_process_at_once() -> None:
    """Whoever asks twice does not want to wait for what is being done."""
    code = """
        import time
        from node.signals import stop_asked

        wait = stop_asked()
        print("ready", flush=True)
        wait()
        print("asked", flush=True)
        time.sleep(60)
    """
    with ended_with_the_test(program(code)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == -signal.SIGTERM
