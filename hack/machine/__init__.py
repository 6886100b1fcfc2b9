"""What the developer's tools ask of the machine they run on. Standard library only.

These tools run before any virtual environment exists, so nothing here may import a third-party
package, and nothing here knows about clusters or images.
"""
