"""Traffic: what the gateways shall do, how Envoy is told, and how far each gateway is.

    snapshot.py     routes of all models + ready endpoints -> one Snapshot (pure)
    clusters.py     one arm's pool -> Envoy cluster and endpoints (pure)
    routes.py       routes of all models -> Envoy route configuration (pure)
    listener.py     the listener that takes requests (pure)
    render.py       Snapshot -> named, versioned Envoy resources (pure)
    stream.py       one connected Envoy: what it has, and what to send it next (no I/O)
    ads.py          the delta ADS server that keeps all connected Envoys at the newest snapshot
    bootstrap.py    the file that an Envoy starts with (pure)

Nothing here knows Kubernetes or kopf.
"""
