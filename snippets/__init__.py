"""The code that the pages show: a module for each entry, `layers` below all.

Importing the package turns every annotation into a check: a call with a wrong
shape is refused, in the doctests, in the tests and in a reader's own session.
"""

from beartype import BeartypeConf, beartype
from jaxtyping import config, install_import_hook

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))  # int is a float
config.update("jaxtyping_remove_typechecker_stack", True)
install_import_hook("snippets", "snippets.checked")
