package reconcile

import "context"

// NoteLoginsOnce is one round of Logins.
func NoteLoginsOnce(ctx context.Context, d Deps) error { return d.noteLogins(ctx) }
