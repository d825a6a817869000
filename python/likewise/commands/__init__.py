"""The command line: ``likewise COMMAND``.

Owns the group of commands (`main`), how arguments and options are spelled (`options`), what is
printed (`output`), how it fails (`errors`), and a module for each subject: `training`, `questions`,
`recommend`, `vectors`, `evaluation`, `pages`, `demo`. A subject imports `options`, `output` and
`errors` of this room, and no other subject; `main` imports a subject when it is asked for.

Hands out `main`. Nothing imports this room but ``python -m likewise``.
"""
