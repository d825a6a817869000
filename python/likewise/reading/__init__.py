"""Reading: any source that people have (files, frames, rows, columns) as batches of named columns.

Owns which formats there are and what each leaves open: encodings, delimiters, quotes and escapes,
nested fields, folders that stand for columns, and the messages about what cannot be read. Every
guess is either off or checked against the whole of the data. What columns mean is the affair of
the room tables.
"""
