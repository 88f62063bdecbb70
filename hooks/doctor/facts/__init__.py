"""What the server looks like at this moment: each module reads one thing. Nothing is changed."""
