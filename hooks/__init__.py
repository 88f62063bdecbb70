"""gluehook: events in, rules looked up, handlers run. docs/architecture.md says which package does what."""

import sys


class _OldPaths:
    """The last finder of imports, so that it is asked only about what nothing else has found."""

    def find_spec(self, name: str, *_: object) -> None:
        """Report where a module of gluehook 0.1 is now."""
        if name.startswith(("hooks.", "handlers.")):
            from hooks.old_paths import report

            report(name)


sys.meta_path.append(_OldPaths())
