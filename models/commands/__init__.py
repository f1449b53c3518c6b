"""The command line of the learning side: a file per command, put together here."""

from __future__ import annotations

from models.commands import options
from models.commands.assemble import assemble
from models.commands.baseline import baseline
from models.commands.eda import eda
from models.commands.evaluate import evaluate
from models.commands.list import list_models
from models.commands.reliability import reliability
from models.commands.retest import retest
from models.commands.robustness import robustness
from models.commands.synthetic_visits import synthetic_visits
from models.commands.train import train
from models.commands.tune import tune
from models.commands.verify import verify
from models.help_page import Commands

app = Commands(name="pacs-model")


@app.callback()
def pacs_model() -> None:
    """Say what models there are and whether they are intact, and train them.

    Exit status
    -----------
    0    done
    1    something is not as it should be; the last line says what
    2    wrong use
    130  interrupted by Ctrl-C

    Examples
    --------
    pacs-model list
        See what this machine can read.
    """


app.command("list", rich_help_panel=options.SHIPPED)(list_models)
app.command(rich_help_panel=options.SHIPPED)(verify)
app.command(rich_help_panel=options.LEARN)(eda)
app.command(rich_help_panel=options.LEARN)(train)
app.command(rich_help_panel=options.LEARN)(tune)
app.command(rich_help_panel=options.LEARN)(assemble)
app.command(rich_help_panel=options.LEARN)(baseline)
app.command(rich_help_panel=options.JUDGE)(evaluate)
app.command(rich_help_panel=options.JUDGE)(retest)
app.command(rich_help_panel=options.JUDGE)(synthetic_visits)
app.command(rich_help_panel=options.JUDGE)(robustness)
app.command(rich_help_panel=options.JUDGE)(reliability)
