"""`make bench-delivery`: how soon and how rightly experiments are decided, in figures."""
