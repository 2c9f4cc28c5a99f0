"""Schema: what crosses a room's wall, as types; every command's JSON is one of them."""
