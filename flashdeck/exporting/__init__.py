"""Cards and notes become files for other programs: termbases, tables, CrowdAnki, style checkers.

Takes a project without errors and what its user asked for; gives an `ExportPlan`: the files to write, not yet written, and what
they cannot carry. Alone knows the formats that others read and flashdeck does not build.

The trap: every format takes something in a text for its own (a formula, a regular expression, a placeholder, a tag), so no text
goes into a file but by the function of its module that makes it inert; and names of files come from ids, never from texts.
"""
