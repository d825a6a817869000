"""What several tests need: small shops and models, damage, the command line, a browser."""
