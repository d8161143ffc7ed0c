"""Anki's side: notes, their ids, HTML, media, templates, and packages written and read."""
