"""The tests that need an engine or a qBittorrent, on each version that Debian's releases have: `make matrix`.

| module | what it does |
|---|---|
| releases | what is installed from which release of Debian |
| roots | makes one folder for each release by debootstrap, once, and keeps it |
| programs | makes the programs of such a folder run outside of it |
| rows | the rows of the table: one engine or one qBittorrent each |
| columns | the columns: which tests belong to which story |
| results | reads what pytest reports of a row |
| table | prints the table |
"""
