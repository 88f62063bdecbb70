"""For who writes rules: replay, tests, explanations, recordings, the editor's schema. What runs has no use for it."""
