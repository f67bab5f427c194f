"""Files from outside, one door for each format: what comes in is whole, of a known kind and of a bounded size.

A door looks at the size of a file before it reads it, at what a header states before it reads or decompresses data,
and lets in only the types that are known. Whatever the library behind it raises becomes one line that names the file
and the entry. What the contents mean is for those to say who asked for them.
"""
