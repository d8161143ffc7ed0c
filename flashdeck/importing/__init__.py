"""What others wrote becomes sources: tables, packages and their HTML as cards, kinds and media of a deck folder.

Takes a file from elsewhere; gives an `ImportPlan`: the files to write, not yet written, and what was left out. Alone knows
other people's formats.

The trap: nothing in such a file is trusted, and a second import must recognise every card, so the id of a card follows from its
guid or its content alone.
"""
