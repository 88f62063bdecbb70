"""The machine: it knows events and rules, and knows no target."""
