package access

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/auth/guess"
	"github.com/fluent-oms/fluent/dataplane/store"
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

// signInRows are the rows of an attempt.
type signInRows struct {
	found   int
	record  guess.Record
	entered string
}

// Attempt is an attempt to sign in that ReserveSignIn let pass, or had wait.
type Attempt struct {
	SignIn
	Wait   time.Duration // zero: it was counted as failed, and may be made
	on     time.Time     // when it was counted
	failed time.Time     // when the subject had failed at the source before
}

// ReserveSignIn counts an attempt as failed, before anything is checked, or says how long it must wait and counts nothing. Of many at once no
// more pass than one after another would. A scope without an account is for subjects of which none is known.
func ReserveSignIn(ctx context.Context, db *store.DB, scope tenancy.Scope, who SignIn) (a Attempt, err error) {
	refused := fmt.Errorf("the attempt must wait")
	err = count(ctx, db, scope, who, 1, func(r guess.Record, now time.Time) (guess.Record, error) {
		a = Attempt{SignIn: who, Wait: r.Wait(now), on: now.Truncate(time.Microsecond), failed: r.Pair.Last}
		if a.Wait > 0 {
			return r, refused // rolls back the rows that were made
		}
		return r.Reserve(now), nil
	})
	if a.Wait > 0 {
		return a, nil
	}
	return a, err
}

// SucceedSignIn takes the attempt back that was reserved, and remembers where the subject signed in. Unless somebody else failed there since, the
// last failure is again the one of before.
func SucceedSignIn(ctx context.Context, db *store.DB, scope tenancy.Scope, a Attempt) error {
	return count(ctx, db, scope, a.SignIn, -1, func(r guess.Record, _ time.Time) (guess.Record, error) {
		next := r.Succeed()
		if r.Pair.Last.Equal(a.on) {
			next.Pair.Last = a.failed
		}
		return next, nil
	})
}

// count reads an attempt's rows in one round trip, which locks them, and writes them in a second one.
func count(ctx context.Context, db *store.DB, scope tenancy.Scope, who SignIn, failed int, change func(guess.Record, time.Time) (guess.Record, error)) (err error) {
	if scope.Account() == "" {
		if scope, err = tenancy.NewScope(store.Nobody); err != nil {
			return err
		}
	}
	return db.WriteLocked(ctx, scope, func(tx *store.Tx) error {
		have, err := lock(ctx, tx, who)
		if err != nil {
			return err
		}
		next, err := change(have.record, tx.Now())
		if err != nil {
			return err
		}
		tx.Queue(counted(string(scope.Account()), who, have, next, failed, tx.Now()))
		return nil
	})
}

// counted is the statement that keeps what an attempt left. The row of its source is nobody's.
func counted(account string, who SignIn, have signInRows, next guess.Record, failed int, now time.Time) store.Statement {
	entered := have.entered
	if next.Familiar {
		entered = who.Source
	}
	accounts, subjects, sources := []string{account, account}, []string{who.Subject, who.Subject}, []string{"", who.Source}
	tallies, from := []guess.Tally{next.User, next.Pair}, []string{entered, ""}
	if next.Source != have.record.Source {
		accounts, subjects, sources = append(accounts, string(store.Nobody)), append(subjects, ""), append(sources, who.Source)
		tallies, from = append(tallies, next.Source), append(from, "")
	}
	failures, times := make([]int64, len(tallies)), make([]time.Time, len(tallies))
	for i, t := range tallies {
		failures[i], times[i] = int64(t.Failures), t.Last
	}
	return store.Statement{Name: "sign_ins.count", SQL: sqlSignInCount, Args: store.Unscoped(accounts, subjects, sources, failures, times, int64(failed), now, from)}
}

func lock(ctx context.Context, tx *store.Tx, who SignIn) (have signInRows, err error) {
	err = tx.Send(ctx,
		store.Statement{Name: "sign_ins.make", SQL: sqlSignInMake, Args: tx.Args(who.Subject, who.Source, time.Unix(0, 0))},
		store.Statement{Name: "sign_ins.lock", SQL: sqlSignInLock, Args: tx.Args(who.Subject, who.Source), Rows: func(rows pgx.Rows) error {
			have, err = collectSignIn(rows, who, tx.Now())
			return err
		}})
	if err == nil && have.found != 3 {
		err = fmt.Errorf("access: an attempt to sign in has %d rows, not 3", have.found)
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
func UnlockSignIn(ctx context.Context, db *store.DB, scope tenancy.Scope, subject string) error {
	return db.WriteLocked(ctx, scope, func(tx *store.Tx) error {
		tx.Queue(store.Statement{Name: "sign_ins.forgive", SQL: sqlSignInForgive, Args: tx.Args(subject)},
			store.Statement{Name: "sign_ins.pardon", SQL: sqlSignInPardon, Args: tx.Args(subject, tx.Now())})
		return nil
	})
}

// FailedSignIn is how often a subject failed to sign in from a source.
type FailedSignIn struct {
	Subject, Source string
	Times           int // in all, for as long as it is remembered
	LastOn          time.Time
}

// FailedSignIns lists failures of the account to sign in, those at the latest first; of one subject where it is not empty.
func FailedSignIns(ctx context.Context, r *store.Reader, subject string, limit int) (out []FailedSignIn, err error) {
	err = r.Send(ctx, store.Statement{Name: "sign_ins.list", SQL: sqlSignInList, Args: r.Args(subject, int64(limit)), Rows: func(rows pgx.Rows) (err error) {
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[FailedSignIn])
		return err
	}})
	return out, err
}

// PurgeSignIns removes at most limit counts of the scope's account that nothing was added to for so long, or of which there are more than
// keep. It tells how many; fewer than limit means that nothing is left to remove.
func PurgeSignIns(ctx context.Context, db *store.DB, scope tenancy.Scope, age time.Duration, keep, limit int) (removed int, err error) {
	w := db.Autocommit(scope)
	err = w.Send(ctx, store.Statement{Name: "sign_ins.purge", SQL: sqlSignInPurge, Args: w.Args(age.Seconds(), int64(limit), int64(keep)),
		Done: func(rows int64) error { removed = int(rows); return nil }})
	return removed, err
}
