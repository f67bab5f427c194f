"""Workbooks as other people make them: what they teach, reckon and try with formulas, all of it right.

Most are no network of layers, some are; the checker accuses no cell of any, and finds what is planted in a network.
`python -m tests.strangers` prints what it says of each.
"""
