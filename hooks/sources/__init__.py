"""Where events come from: the Docker engine, files, time."""
