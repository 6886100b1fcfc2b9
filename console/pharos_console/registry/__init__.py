"""What people do with registered versions: list, compare, fetch, bring back, carry elsewhere."""
