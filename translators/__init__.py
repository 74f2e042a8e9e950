"""What translators are trained on and how: the lessons of s2st's many_to_one, and its training."""
