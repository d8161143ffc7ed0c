"""What a mistake is: `Problem` and `Spot`, the nearest word, and how problems and tables look.

Takes what a check found; gives text, JSON or GitHub's annotation lines. An author's mistake is a value; `FlashdeckError` is for
what stops a command.

The trap: codes are permanent, because people filter by them; and `errors.py` stays by itself, so that `--help` need not import
the rest.
"""
