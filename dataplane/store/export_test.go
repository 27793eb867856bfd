package store

// LostAnswer tells whether an error in an exchange with COMMIT leaves the outcome open, on a connection that still stands.
func LostAnswer(err error) bool { return (&txConn{}).lostAnswer(err) }

// RefusalOf tells whether an error says that the database takes no writes.
var RefusalOf = refusalOf
