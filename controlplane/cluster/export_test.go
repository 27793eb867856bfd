package cluster

// Pipeline tries to open a pipeline of requests to another server. raft does that where it may.
func (c *Cluster) Pipeline() error {
	_, err := c.files.transport.AppendEntriesPipeline("another", "127.0.0.1:1")
	return err
}
