"""Looking at the whole server: one module per target reads it, changes nothing, and answers with plain facts."""
