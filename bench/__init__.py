"""Evidence: what S2ST keeps, what it costs, and how it compares (`python dev.py bench --help`)."""
