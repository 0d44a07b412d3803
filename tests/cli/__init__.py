"""The command l2bridge."""
