"""How a file is replaced, so that a kill, a full disk or a power cut leaves the old one or the new one, never a part.

Seam: `atomic_files.replace` for one file of ours, `atomic_files.write` for many files of another program,
`own_files.open_private` for a file of ours that stays.
May import: nothing of ours.
"""
