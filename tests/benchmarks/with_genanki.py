"""What genanki takes for the same notes, handed to it ready: `python with_genanki.py ROWS OUT`."""

import json
import sys
from pathlib import Path

import genanki


def main(rows: Path, out: Path) -> None:
    fields = [{"name": name} for name in ("One", "Two", "Three", "Four")]
    templates = [
        {"name": "Card 1", "qfmt": "{{One}}", "afmt": "{{FrontSide}}<hr id=answer>{{Two}}"},
        {"name": "Card 2", "qfmt": "{{Two}}", "afmt": "{{FrontSide}}<hr id=answer>{{One}}"},
    ]
    both = genanki.Model(1_600_000_001, "Both", fields=fields, templates=templates)
    gaps = [{"name": "Gap", "qfmt": "{{cloze:One}}", "afmt": "{{cloze:One}}{{Two}}"}]
    cloze = genanki.Model(1_600_000_002, "Gaps", fields=fields, templates=gaps, model_type=genanki.Model.CLOZE)
    deck = genanki.Deck(1_600_000_003, "Bench")
    for guid, kind, texts, tags in json.loads(rows.read_text(encoding="utf-8")):
        texts = (texts + ["", ""])[:4]
        deck.add_note(genanki.Note(cloze if kind == "cloze" else both, texts, tags=tags, guid=guid))
    genanki.Package(deck).write_to_file(str(out))


main(Path(sys.argv[1]), Path(sys.argv[2]))
