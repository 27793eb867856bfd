package configuration

// Parsing takes all places of texts that are being parsed; leave gives one back.
func (c *Configurations) Parsing() (leave func()) {
	for range cap(c.parsing) {
		c.parsing <- struct{}{}
	}
	return func() { <-c.parsing }
}
