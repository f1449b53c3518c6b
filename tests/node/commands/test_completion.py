"""The Tab key, in a real bash, after ``--install-completion``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.programs import commands

PROGRAMS = Path(sys.executable).parent
CPU_S = 0.5
ASK = """
COMP_WORDS=({line}); COMP_CWORD={at}
_{name}_completion {program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def bash(script: str, home: Path, *flags: str) -> str:
    """Return what a bash prints whose home and ``.bashrc`` are a test's own."""
    environment = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": str(home)}
    done = subprocess.run(
        ["/bin/bash", *flags, "-c", script],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def offered(line: str, home: Path) -> list[str]:
    """Return what Tab offers at the end of a line, in an interactive bash."""
    words = [word or "''" for word in line.split(" ")]
    program = words[0]
    name = program.replace("-", "_")
    question = ASK.format(
        line=" ".join(words), at=len(words) - 1, name=name, program=program
    )
    return bash(question, home, "-i").split()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of someone who has installed both completions."""
    folder = tmp_path_factory.mktemp("home")
    for program in ("pacs-node", "pacs-model"):
        told = bash(f"{program} --install-completion; true", folder)
        assert "bash completion installed" in told
    return folder


def test_every_command_is_offered(home: Path) -> None:
    """An empty word offers them all; a begun word those that begin so."""
    known = {path.split()[1] for path, _ in commands("pacs-node") if " " in path}

    assert set(offered("pacs-node ", home)) == known
    assert offered("pacs-node inf", home) == ["infer"]
    assert set(offered("pacs-node config ", home)) == {"show", "check"}


def test_options_states_and_names_of_models_are_offered(home: Path) -> None:
    """Of both programs: options after two dashes, names where one is asked for."""
    assert set(offered("pacs-node infer --mo", home)) == {"--model"}
    assert offered("pacs-node infer --model hip", home) == ["hippocampus"]
    assert offered("pacs-node retry --state fai", home) == ["failed"]
    assert offered("pacs-model verify ", home) == ["hippocampus", "chest_ct"]
    assert "--epochs" in offered("pacs-model train hippocampus --", home)


def test_where_a_file_is_named_bash_offers_its_own(home: Path) -> None:
    """Nothing of ours stands before the files."""
    assert offered("pacs-node infer ", home) == []
    assert offered("pacs-node infer --config ", home) == []
    assert "complete -o default" in bash("pacs-node --show-completion; true", home)


@pytest.mark.parametrize("heavy", ["torch", "pydicom"])
def test_a_press_of_the_tab_key_imports_nothing_heavy(heavy: str) -> None:
    """It would have to be waited for."""
    code = f"import sys, node.commands; print({heavy!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
