"""What measurements say of two versions: samples in, evidence and outcomes out. Pure."""
