"""Models in the form that serving loads."""
