"""Results as rows for pages, exports and the command line.

A row is a dict from a stable column name to text, a number or None; every row of a table has the same columns in the
same order. What is faulty comes first. ``source`` is ``file:line``, through the ``locate`` that the caller hands in.
"""
