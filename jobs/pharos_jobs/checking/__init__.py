"""The check: looks at a Model in production and says whether it is to be trained again."""
