package retention

// AtMost is the store with another figure in the place of MostChanges.
func (s Store) AtMost(n int64) Store {
	o := Of(s.db)
	o.most = n
	return o
}
