"""The facts about the server at this moment: each module reads one thing, and nothing is changed."""
