"""`flashdeck explain`: what a problem is about."""

from typing import Annotated

import typer

from flashdeck.commands.options import complete_code
from flashdeck.commands.terminal import echo


def explain(
    code: Annotated[
        str,
        typer.Argument(metavar="CODE", autocompletion=complete_code, help="The word in brackets after 'error' or 'warning'."),
    ],
) -> None:
    """Explain why a problem matters and how to fix it."""
    from flashdeck.diagnostics.problem import find_known, read_explanations

    echo(find_known("problem", code, read_explanations()))
