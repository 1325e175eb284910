"""What the program says in other languages than English, one module a desk, sentence by sentence."""
