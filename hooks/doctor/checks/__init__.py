"""The checks of `gluehook doctor`: each knows one cause of trouble and finds it in the facts."""
