import re

from screener import errors


def test_the_tree_in_the_docstring_is_complete():
    drawn = set(re.findall(r"\b(\w+Error)\b", errors.__doc__))
    assert drawn == {name for name in vars(errors) if name.endswith("Error")}
