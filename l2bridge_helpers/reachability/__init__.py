"""What `reach` and `explain` are made of: ends of pairs, hops, lists of rules, route tables, and the result."""
