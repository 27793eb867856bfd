package store

import (
	"time"

	"github.com/fluent-oms/fluent/dataplane/store/numbers"
)

// LostAnswer tells whether an error in an exchange with COMMIT leaves the outcome open, on a connection that still stands.
func LostAnswer(err error) bool { return (&txConn{}).lostAnswer(err) }

// RefusalOf tells whether an error says that the database takes no writes.
var RefusalOf = refusalOf

// SetNumbersClock has numbers handed out by another clock, and forgets the blocks that were taken.
func (db *DB) SetNumbersClock(now func() time.Time) {
	db.numbers = numbers.New(usedUp, now)
}

// SetTrialTime is how long a trial to write may take.
func (p *Probe) SetTrialTime(d time.Duration) { p.trialTime = d }

// Misread puts what the node takes for the database's time off.
func (db *DB) Misread(by time.Duration) {
	now := time.Now()
	db.clock.set(now, now, now.Add(by))
}
