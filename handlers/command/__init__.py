"""`command.run`: a program beside gluehook."""
