package state

import "fmt"

// Unreadable is the panic of a read that the table library refuses, as one of a table or an index that its schema lacks. No caller can mend that, and
// none may take it for "nothing there": nodes would hear that their accounts are gone. So it is no second result that could be passed over. Apply,
// DryRun and Persist make an error of it, which ends the server as a command of a newer release does; the API makes one too; whoever else reads
// ends with the process.
type Unreadable struct {
	Table string
	Err   error
}

// Error implements error.
func (u Unreadable) Error() string { return fmt.Sprintf("read table %s: %v", u.Table, u.Err) }

// Unwrap gives the table library's own error.
func (u Unreadable) Unwrap() error { return u.Err }

// check panics when a read of a table has failed.
func check(table string, err error) {
	if err != nil {
		panic(Unreadable{Table: table, Err: err})
	}
}

// Readable is deferred: it sets err when the function panicked because a table could not be read. Other panics go on.
func Readable(err *error) {
	switch problem := recover().(type) {
	case nil:
	case Unreadable:
		*err = problem
	default:
		panic(problem)
	}
}
