"""A cluster for developing and testing Pharos, and the API server for its integration tests.

Chooses among a cluster of the developer's own, kind or k3d, and a built-in single-node Kubernetes
compiled from its official Go modules. A developer's tool: production is any conformant cluster.
"""
