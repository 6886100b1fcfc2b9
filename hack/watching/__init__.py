"""What Prometheus and Grafana are told to watch: alerts and dashboards, as typed values."""
