"""What is done with registered models: sent, counted up, compared, brought back, signed."""
