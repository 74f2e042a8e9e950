"""Which settings suit a model and pictures of one's own, found without a truth."""
