"""The texts that formulas give: what a workbook says, and what the check asks for.

Those of the first worksheet and of `Draw` are whole; the others are the sentences of `explore_words`. Each of these is
plain text with fields in braces. A field is a number (`:4` is one rounded to 4 decimals), another of these
texts, or nothing where a clause does not apply. No text has a digit of its own, but in the name of a layer. Where the
numbers stand is told in `xlconv.declaration`.
"""

from __future__ import annotations

from typing import Final

RIGHT: Final = "✓ right"
WRONG: Final = "✗ wrong"
NOT_DRAWN: Final = "draw is not chosen"

SENTENCE: Final = "In layer '{layer}', {place}: {told}{then}"

IMAGE_PLACE: Final = "channel {c}, row {i}, column {j}"
VECTOR_PLACE: Final = "element {n}"

CONV: Final = (
    "the filter lies on {rows} and {columns} of {reads}{each}.{outside}{stride}{apart} "
    "The products{bias} add up to {before:4}."
)
POOL: Final = "the largest number in {rows} and {columns} of {reads}, channel {c}, is {before:4}.{outside}{stride}"
MEAN: Final = "the mean of {rows} and {columns} of {reads}, channel {c}, is {before:4}.{outside}{stride}"
PAD_INSIDE: Final = "here stands what {reads} has in row {row}, column {column}: {x:4}."
PAD_OUTSIDE: Final = "row {row}, column {column} lies outside of {reads}, and what stands there is {x:4}."
NUMBER: Final = "{reads} has {x:4} in this place."
ADD: Final = "the numbers of {reads} in this place add up to {before:4}."
OF_CHANNEL: Final = "here stands what {reads} has in this place of its channel {k}: {x:4}."
OF_ELEMENT: Final = "here stands element {k} of {reads}: {x:4}."
DENSE: Final = "each number of {reads}{count} has a weight of its own. The products{bias} add up to {before:4}."
SOFTMAX: Final = (
    "x is {x:4}. The largest of all is {most:4}, and x less that is {less:4}. The exponential of this is {exp:4}; "
    "divided by the sum of all exponentials, {total:4}, it is a share of {before:4}."
)
LOG_SOFTMAX: Final = (
    "x is {x:4}. The largest of all is {most:4}, and x less that is {less:4}. Of this the logarithm of the sum of all "
    "exponentials, {total:4}, is taken away, which leaves {before:4}."
)

AND: Final = " and "
"""Between the names of several."""
READS_INPUT: Final = "the input"
READS_LAYER: Final = "layer '{name}'"

ROW: Final = "row {first}"
ROWS: Final = "rows {first} to {last}"
COLUMN: Final = "column {first}"
COLUMNS: Final = "columns {first} to {last}"

EACH: Final = ", in each of its {k} channels"
"""Of a convolution that reads several."""
GROUP: Final = ", in channels {first} to {last}"
ONE_OF_GROUP: Final = ", in channel {first}"
"""Of a convolution with groups, each of which has channels of its own."""
ZEROS_OUTSIDE: Final = " Outside there are zeros."
"""Of a convolution whose window reaches beyond what it reads."""
NOTHING_OUTSIDE: Final = " Outside there is nothing to read."
"""The same of a pooling."""
STRIDE: Final = " The stride is {d} down and {r} to the right."
"""Unless it is 1 in both directions."""
DILATION: Final = " From one number that it reads to the next it is {d} down and {r} to the right."
"""Of a convolution with cells left out between."""
BIAS: Final = " and the bias, {bias:4},"
"""Where there is one."""

VECTOR_COUNT: Final = " ({h} in all)"
IMAGE_COUNT: Final = " ({h} rows and {w} columns)"
CHANNELS_COUNT: Final = " ({k} channels of {h} rows and {w} columns)"

RELU: Final = "ReLU"
BELOW_ZERO: Final = " This is below zero, and ReLU makes it {result:4}."
NOT_BELOW_ZERO: Final = " This is not below zero, and ReLU leaves it at {result:4}."
"""One of these two where the only elementwise layers are ReLUs, and"""
THEN: Final = " Through {names} it becomes {result:4}."
"""where there are others."""
