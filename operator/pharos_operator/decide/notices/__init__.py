"""Notices: what people outside of the cluster are told of a Model."""
