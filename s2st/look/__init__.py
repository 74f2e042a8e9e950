"""What a picture is asked for: its structure, and the look of a target domain."""
