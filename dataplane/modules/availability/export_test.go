package availability

// Known is of how many accounts places are in memory.
func (d *Directory) Known() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.accounts)
}
