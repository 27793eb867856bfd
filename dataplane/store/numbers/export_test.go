package numbers

// Accounts is how many accounts are in memory.
func (a *Allocator) Accounts() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.accounts)
}
