"""A Model: who is in production, the route, the next rollout, the projections."""
