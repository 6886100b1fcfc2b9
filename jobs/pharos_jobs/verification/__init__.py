"""The verify job: a candidate is tried on its own Service before any user meets it."""
