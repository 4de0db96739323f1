package cluster

// Rewatch lets the watch of the others begin anew.
func (n *Node) Rewatch() { signal(n.rewatch) }
