"""Which format is which, and what an export is about to write. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flashdeck.diagnostics.errors import FlashdeckError
from flashdeck.exporting.cards import Exported, ExportOptions
from flashdeck.exporting.crowdanki import export_crowdanki
from flashdeck.exporting.tables import export_tables
from flashdeck.exporting.tbx import export_tbx
from flashdeck.exporting.vale import export_vale
from flashdeck.model.courses import Course
from flashdeck.model.decks import Deck
from flashdeck.pipeline import Project

Exporter = Callable[[Project, Deck | Course, ExportOptions], Exported]
# What makes the files of a format. To add one: a module with an Exporter, and its line here.
FORMATS: dict[str, Exporter] = {
    "tbx": export_tbx,
    "csv": export_tables,
    "crowdanki": export_crowdanki,
    "vale": export_vale,
}
NOTHING = {
    "tbx": "there is no card of terms in what you asked for",
    "vale": "there is no card of terms in what you asked for",
}


@dataclass(frozen=True)
class ExportPlan:
    """What an export is about to write, by paths in the output folder, and everything its user should know."""

    files: Mapping[str, bytes]
    contents: Mapping[str, str]  # by the path of what a user looks at
    left_out: tuple[str, ...]


def plan_export(project: Project, format: str, options: ExportOptions) -> ExportPlan:
    """The files of a project without errors in a format. Raises FlashdeckError where there are none."""
    exported = [FORMATS[format](project, target, options) for target in options.targets]
    files = {path: data for one in exported for path, data in one.files.items()}
    left_out = tuple(line for one in exported for line in one.left_out)
    if not files:
        raise FlashdeckError(f"nothing was exported: {NOTHING.get(format, 'no cards match what you asked for')}", left_out)
    return ExportPlan(files, {path: text for one in exported for path, text in one.contents.items()}, left_out)
