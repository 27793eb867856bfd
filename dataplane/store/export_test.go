package store

// LostAnswer tells whether an error in an exchange with COMMIT leaves the outcome open, on a connection that still stands.
func LostAnswer(err error) bool { return (&txConn{}).lostAnswer(err) }
