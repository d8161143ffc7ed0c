"""What helps authors write: `init`, `add`, prompts, a note in words, and the schema for editors.

Takes a compiled project and what somebody typed; gives the files as they would be, not yet written, and what would be wrong
with them. Alone knows where a new card goes.

The trap: an edit is compiled before it is written, and what is wrong then is compared with what was wrong before; a problem
that stood already is not the new card's.
"""
