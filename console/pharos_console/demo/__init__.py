"""The demonstration: from an empty machine to a promoted canary and a rolled-back one."""
