"""How fast a model is served, beside other servers and the machine's own limit."""
