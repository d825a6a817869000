"""The command line: ``likewise COMMAND``.

Owns the group of commands (`main`), how arguments and options are spelled (`options`), what is
printed (`output`), how it fails (`errors`), and a module for each subject: `training`, `questions`,
`recommend`, `vectors`, `evaluation`, `pages`, `demo`. These import of this room only the four
named first but `main`, which imports them one by one when they are asked for.

Hands out `main`. Nothing imports this room but ``python -m likewise``.
"""
