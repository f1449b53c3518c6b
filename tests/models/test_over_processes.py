"""Processes give what one process gives, in order, and end cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.over_processes import cores, over_processes, suitable_processes
from tests.node.jobs.pools import wait_until
from tests.processes import ended_with_the_test


def number_and_process(number: int) -> tuple[int, int]:
    """Return the number, and who worked on it."""
    if number == 13:
        raise ValueError("13 cannot be done")
    return number, os.getpid()


def killed(number: int) -> int:
    """End the process as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def surroundings(_: int) -> tuple[bool, str]:
    """Return whether Ctrl-C is ignored, and the threads that torch will start."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return ignored, os.environ["OMP_NUM_THREADS"]


def tell_and_wait(told: Path) -> None:
    """Write down which process this is, and work for a minute."""
    (told / str(os.getpid())).touch()
    time.sleep(60)


KILLED_PARENT = """
from pathlib import Path
from models.over_processes import over_processes
from tests.models.test_over_processes import tell_and_wait
list(over_processes(tell_and_wait, [Path({!r})], 2))
"""


def test_results_come_in_order_from_other_processes() -> None:
    """As one process would give them."""
    found = list(over_processes(number_and_process, range(8), 2, chunk=2))

    assert [number for number, _ in found] == list(range(8))
    assert os.getpid() not in {process for _, process in found}


def test_one_process_is_this_one() -> None:
    """Nothing is started for it."""
    assert list(over_processes(number_and_process, [1], 1)) == [(1, os.getpid())]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_is_that_of_the_function(processes: int) -> None:
    """From whichever process it comes."""
    with pytest.raises(ValueError, match="13 cannot be done"):
        list(over_processes(number_and_process, [1, 13, 2], processes))


def test_a_killed_process_is_one_line() -> None:
    """Not a traceback, and not for ever."""
    with pytest.raises(ChildProcessError, match="for want of memory") as told:
        list(over_processes(killed, [1, 2], 2))

    assert "\n" not in str(told.value)


def test_a_process_leaves_ctrl_c_to_its_parent_and_takes_one_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Torch would else start as many threads in each as there are cores."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    assert list(over_processes(surroundings, [1], 2)) == [(True, "1")]


def test_few_items_are_worked_on_in_this_process() -> None:
    """Another would start for longer than it works."""
    assert suitable_processes(16, fewest=20) == 1
    assert suitable_processes(10**6, fewest=20) == cores()


def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """As for want of memory: each would keep its own for ever."""
    program = [sys.executable, "-c", KILLED_PARENT.format(str(tmp_path))]
    root = Path(__file__).parents[2]
    with ended_with_the_test(subprocess.Popen(program, cwd=root)) as parent:
        wait_until(lambda: any(tmp_path.iterdir()))
        (told,) = tmp_path.iterdir()
        parent.kill()

    wait_until(lambda: not Path(f"/proc/{told.name}").exists(), seconds=10)
