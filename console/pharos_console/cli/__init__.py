"""The command line: one file per group of commands, none with logic of its own."""
