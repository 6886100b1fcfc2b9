"""Runs the test tiers one after another and names each one that this machine cannot host."""
