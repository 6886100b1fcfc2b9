"""Dashboards for Grafana, as typed values."""
