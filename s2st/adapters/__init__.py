"""Other libraries' models, made to fit the contract."""
