"""The documents as a site (`make docs`), and the check of their links (`make verify`)."""
