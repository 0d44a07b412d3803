"""The Kubernetes API of a world: what a reader of nodes and ConfigMaps needs."""
