"""Snapshots: an input as one redacted, self-contained file that can be loaded again (docs/snapshot.md).

``needed`` says what of an object goes in, ``anonymise`` takes names out, ``write`` makes the file; ``manifest`` is the
statement that goes with the objects, ``statement`` reads it back. The objects are read like any other input.
"""
