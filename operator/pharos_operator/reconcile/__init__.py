"""The imperative shell, free of kopf: observe, call one pure decision, act, write status once."""
