"""The only code that talks to a network, a database or a clock."""
