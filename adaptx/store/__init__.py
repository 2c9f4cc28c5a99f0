"""The store of results: content-addressed, committed whole or not at all, leased to one maker at a time.

``store`` owns the layout, ``lease`` who may make a thing, ``manifest`` what a result consists of, ``difference`` why
one was not reused, ``atomic`` the durable writing underneath, ``view`` what one command has seen. Light: no torch, no
numpy.
"""

from adaptx.store.difference import ABSENT, Difference
from adaptx.store.lease import Held, Lease
from adaptx.store.store import Pruned, Store, StoredStep, discover
from adaptx.store.view import StoreView

__all__ = ["ABSENT", "Difference", "Held", "Lease", "Pruned", "Store", "StoreView", "StoredStep", "discover"]
