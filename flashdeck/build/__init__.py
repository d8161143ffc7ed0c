"""One file -> a unit of facts, notes and problems; the cache of units; the link of all units; the checks."""
