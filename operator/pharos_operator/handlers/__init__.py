"""The only kopf code: it turns watch events into index entries and queue keys."""
