"""Training with torch and Hugging Face. Imported by the train step alone: it is slow to import."""
