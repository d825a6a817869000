"""Work: what every room needs to get things done on this machine, whatever is done.

Owns putting files and folders in place whole (`replacing`), calls into other libraries that Ctrl-C
can stop (`waiting`), progress on standard error (`progress`) and how many cores there are
(`machine`). Imports nothing of the package but its errors.

Hands out `whole_file`, `new_folder`, `try_out`, `check_file_place`, `folder_id`, `left_behind`;
`interruptible`, `settle_arrow`; `TrainingProgress`, `WorkProgress`, `Steps`; `usable_cores`.
"""
