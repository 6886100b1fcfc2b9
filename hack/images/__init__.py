"""Builds the project's images from images/Dockerfile, with Docker or without, and loads them.

Standard library only. The Dockerfile is the truth about what an image holds; nothing here adds to
it.
"""
