"""Faculty's windows: "My sheets" and the grade grid.

`presenter/` decides and knows no Qt; `table.py` shows its cells to Qt; `page.py` and the panels beside
it are widgets. A mark goes presenter -> local store -> (later, elsewhere) the network: nothing here
waits for a server.
"""
