"""Looks as nodes: made of pictures once, kept, and taken up again."""
