package store

import (
	"context"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store/numbers"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
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

// FillerRests reports whether no documents are being written.
func (db *DB) FillerRests() bool {
	db.filler.mu.Lock()
	defer db.filler.mu.Unlock()
	return !db.filler.running
}

// Fill writes the documents of roots now, as is otherwise done in the background for those that are read again.
func (db *DB) Fill(ctx context.Context, scope tenancy.Scope, typ *catalogue.Type, ids ...catalogue.ID) error {
	numbers := make([]int64, len(ids))
	for i, id := range ids {
		numbers[i], _ = parseNumber(id)
		db.hints.set(scope.Account(), string(id), hintRead)
	}
	_, _, err := db.fill(ctx, db.documents[typ].of, scope.Account(), numbers)
	return err
}
