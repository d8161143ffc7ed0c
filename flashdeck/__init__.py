"""Compiles YAML card sources into Anki packages. README.md beside this file is the map of the code; pipeline.py is what runs."""

__version__ = "0.1.0"
