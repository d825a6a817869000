"""Display: how answers look on a terminal, in a notebook and on a page.

Owns what a text takes up on a screen (`terminal`), escaped markup (`markup`), and tables for all
three (`tables`). Imports no other room.

Hands out `terminal_width`, `width_of`, `cut`, `pad`; `Html`, `tag`, `text`, `plain`, `join`,
`data_block`; `table`, `html_table`, `grid`.
"""
