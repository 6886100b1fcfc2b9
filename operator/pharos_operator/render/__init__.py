"""Pure renderings: from a decided action to the manifest that the API server gets."""
