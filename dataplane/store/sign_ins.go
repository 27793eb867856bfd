package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/tenancy"
)

// Counts of failed sign-ins go by primary key. An attempt locks its three rows in one order: source, subject, subject at the source. An empty
// text comes first in every collation.
const (
	sqlSignInMake = `INSERT INTO sign_ins (account_id, subject, source, failures, failed_on, failed_in_all, seen_on, entered_from)
SELECT account_id, subject, source, 0, $4, 0, $4, '' FROM (VALUES (1, '*', '', $3), (2, $1, $2, ''), (3, $1, $2, $3)) AS v (n, account_id, subject, source)
ORDER BY n ON CONFLICT DO NOTHING`
	sqlSignInLock = `SELECT subject, source, failures, failed_on, entered_from, pardoned_on FROM sign_ins
WHERE account_id = '*' AND subject = '' AND source = $3 OR account_id = $1 AND subject = $2 AND source IN ('', $3) ORDER BY subject, source FOR UPDATE`
	sqlSignInCount = `UPDATE sign_ins s SET failures = u.failures, failed_on = u.failed_on, failed_in_all = s.failed_in_all + $6, seen_on = $7, entered_from = u.entered_from
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::INT8[], $5::TIMESTAMPTZ[], $8::TEXT[]) AS u (account_id, subject, source, failures, failed_on, entered_from)
WHERE s.account_id = u.account_id AND s.subject = u.subject AND s.source = u.source`
	sqlSignInForgive = `UPDATE sign_ins SET failures = 0 WHERE account_id = $1 AND subject = $2`
	sqlSignInPardon  = `INSERT INTO sign_ins (account_id, subject, source, failures, failed_on, failed_in_all, seen_on, entered_from, pardoned_on)
VALUES ($1, $2, '', 0, $3, 0, $3, '', $3) ON CONFLICT (account_id, subject, source) DO UPDATE SET failures = 0, seen_on = excluded.seen_on, pardoned_on = excluded.pardoned_on`
	sqlSignInList = `SELECT subject, source, failed_in_all, failed_on FROM sign_ins
WHERE account_id = $1 AND source <> '' AND failed_in_all > 0 AND ($2 = '' OR subject = $2) ORDER BY seen_on DESC LIMIT $3`
	sqlSignInPurge = `DELETE FROM sign_ins WHERE account_id = $1 AND (subject, source) IN (
	SELECT s.subject, s.source FROM sign_ins s WHERE s.account_id = $1 AND (s.seen_on < now() - $2 * INTERVAL '1 second'
		OR s.seen_on <= (SELECT k.seen_on FROM sign_ins k WHERE k.account_id = $1 ORDER BY k.seen_on DESC OFFSET $4 LIMIT 1)) ORDER BY s.seen_on LIMIT $3)`
)

// SignIn is who tries to sign in, and from where.
type SignIn struct {
	Subject string // what was given, whether there is such a user or client or not
	Source  string // as door.Group tells it; never empty
}

// Nobody is the account of what belongs to none: counts of sources, and of subjects of which no account is known.
const Nobody tenancy.AccountID = everyAccount

// signInRows are the rows of an attempt.
type signInRows struct {
	found   int
	record  guess.Record
	entered string
}

// ReserveSignIn counts an attempt as failed, before anything is checked, or says how long it must wait and counts nothing. Of many at once no
// more pass than one after another would. A scope without an account is for subjects of which none is known.
func (db *DB) ReserveSignIn(ctx context.Context, scope tenancy.Scope, who SignIn) (wait time.Duration, err error) {
	refused := fmt.Errorf("the attempt must wait")
	err = db.countSignIn(ctx, scope, who, 1, func(r guess.Record, now time.Time) (guess.Record, error) {
		if wait = r.Wait(now); wait > 0 {
			return r, refused // rolls back the rows that were made
		}
		return r.Reserve(now), nil
	})
	if wait > 0 {
		return wait, nil
	}
	return 0, err
}

// SucceedSignIn takes the attempt back that was reserved, and remembers where the subject signed in.
func (db *DB) SucceedSignIn(ctx context.Context, scope tenancy.Scope, who SignIn) error {
	return db.countSignIn(ctx, scope, who, -1, func(r guess.Record, _ time.Time) (guess.Record, error) { return r.Succeed(), nil })
}

// countSignIn reads an attempt's rows in one round trip, which locks them, and writes them in a second one.
func (db *DB) countSignIn(ctx context.Context, scope tenancy.Scope, who SignIn, failed int, change func(guess.Record, time.Time) (guess.Record, error)) error {
	account := string(scope.Account())
	if account == "" {
		account = string(Nobody)
	}
	return db.writeLoop(ctx, db.writers, scope, sqlBeginAt, func(tx *Tx) error {
		have, err := tx.lockSignIn(ctx, account, who)
		if err != nil {
			return err
		}
		next, err := change(have.record, tx.now)
		if err != nil {
			return err
		}
		entered := have.entered
		if next.Familiar {
			entered = who.Source
		}
		accounts, subjects, sources := []string{account, account}, []string{who.Subject, who.Subject}, []string{"", who.Source}
		tallies, from := []guess.Tally{next.User, next.Pair}, []string{entered, ""}
		if next.Source != have.record.Source {
			accounts, subjects, sources = append(accounts, string(Nobody)), append(subjects, ""), append(sources, who.Source)
			tallies, from = append(tallies, next.Source), append(from, "")
		}
		failures, times := make([]int64, len(tallies)), make([]time.Time, len(tallies))
		for i, t := range tallies {
			failures[i], times[i] = int64(t.Failures), t.Last
		}
		tx.queue(call{name: "sign_ins.count", sql: sqlSignInCount, args: []any{accounts, subjects, sources, failures, times, int64(failed), tx.now, from}})
		return nil
	})
}

func (tx *Tx) lockSignIn(ctx context.Context, account string, who SignIn) (have signInRows, err error) {
	args := []any{account, who.Subject, who.Source}
	err = tx.send(ctx, []call{
		{name: "sign_ins.make", sql: sqlSignInMake, args: append(args[:3:3], time.Unix(0, 0))},
		{name: "sign_ins.lock", sql: sqlSignInLock, args: args, rows: func(rows pgx.Rows) error {
			have, err = collectSignIn(rows, who, tx.now)
			return err
		}},
	})
	if err == nil && have.found != 3 {
		err = fmt.Errorf("store: an attempt to sign in has %d rows, not 3", have.found)
	}
	return have, err
}

func collectSignIn(rows pgx.Rows, who SignIn, now time.Time) (have signInRows, err error) {
	var subject, source, entered string
	var t guess.Tally
	var pardoned *time.Time
	_, err = pgx.ForEachRow(rows, []any{&subject, &source, &t.Failures, &t.Last, &entered, &pardoned}, func() error {
		have.found++
		switch {
		case subject == "":
			have.record.Source = t
		case source == "":
			have.record.User, have.entered = t, entered
			have.record.Familiar = entered == who.Source
			have.record.Pardoned = pardoned != nil && now.Sub(*pardoned) < guess.Pardon
		default:
			have.record.Pair = t
		}
		return nil
	})
	return have, err
}

// UnlockSignIn forgets what was counted against a subject of the account, at all sources.
func (db *DB) UnlockSignIn(ctx context.Context, scope tenancy.Scope, subject string) error {
	return db.WriteLocked(ctx, scope, func(tx *Tx) error {
		account := string(scope.Account())
		tx.queue(call{name: "sign_ins.forgive", sql: sqlSignInForgive, args: []any{account, subject}})
		tx.queue(call{name: "sign_ins.pardon", sql: sqlSignInPardon, args: []any{account, subject, tx.now}})
		return nil
	})
}

// FailedSignIn is how often a subject failed to sign in from a source.
type FailedSignIn struct {
	Subject, Source string
	Times           int // in all, for as long as it is remembered
	LastOn          time.Time
}

// FailedSignIns lists failures of the account, those at the latest first; of one subject where it is not empty.
func (r *Reader) FailedSignIns(ctx context.Context, subject string, limit int) (out []FailedSignIn, err error) {
	args := []any{string(r.scope.Account()), subject, int64(limit)}
	err = r.run(ctx, []call{{name: "sign_ins.list", sql: sqlSignInList, args: args, rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[FailedSignIn])
		return err
	}}})
	return out, err
}

// PurgeSignIns removes at most limit counts of an account, or of Nobody, that nothing was added to for so long, or of which there are more than
// keep. It tells how many; fewer than limit means that nothing is left to remove.
func (db *DB) PurgeSignIns(ctx context.Context, account tenancy.AccountID, age time.Duration, keep, limit int) (removed int, err error) {
	args := []any{string(account), age.Seconds(), int64(limit), int64(keep)}
	err = db.sendWrite(ctx, account, []call{{name: "sign_ins.purge", sql: sqlSignInPurge, args: args, done: func(tag pgconn.CommandTag) error {
		removed = int(tag.RowsAffected())
		return nil
	}}})
	return removed, err
}
