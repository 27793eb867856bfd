package store_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// reading is a client that reads roles page after page and keeps the last cursor.
type reading struct {
	*stand
	query  store.Query
	cursor string
}

func (s *stand) reading(where ...store.Condition) *reading {
	typ := store.TypeOf[security.Role](s.DB)
	return &reading{stand: s, query: store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("name")}, Where: where, Page: store.Page{First: 100}, Follow: true}}
}

// next reads the page behind the last cursor.
func (r *reading) next() (names []string) {
	r.T.Helper()
	r.query.Page.After = r.cursor
	res, err := r.DB.Reader(r.Scope).Select(r.T.Context(), r.query)
	require.NoError(r.T, err)
	g := res.Groups[0]
	require.Len(r.T, g.Cursors, len(g.Rows))
	for i, row := range g.Rows {
		names, r.cursor = append(names, row[0].(string)), g.Cursors[i]
	}
	return names
}

// role writes a role as of some time ago; 0: as of when it is written.
func (s *stand) role(id string, ago time.Duration) {
	s.T.Helper()
	require.NoError(s.T, s.writeRole(id, ago))
}

func (s *stand) writeRole(id string, ago time.Duration) error {
	return s.DB.Write(s.T.Context(), s.Scope, func(tx *store.Tx) error {
		r := &security.Role{Name: id}
		if r.ID = catalogue.ID(id); ago > 0 {
			r.CreatedOn, r.UpdatedOn = tx.Now().Add(-ago), tx.Now().Add(-ago)
		}
		tx.Insert(r)
		return nil
	})
}

// announce sets the horizon of the account back, as a write does that takes long, until it is called off.
func (s *stand) announce(ago time.Duration) (callOff func()) {
	s.T.Helper()
	storetest.HoldHorizon(s.T, s.DSN, ago)
	return func() { s.T.Helper(); s.SQL("DELETE FROM long_writes WHERE account_id = 'ACME'") }
}

// TestWhoKeepsACursorSeesWhatCommitsLate: a write draws its times and is held up before COMMIT; others that drew theirs later are committed and read. It
// comes behind the cursor all the same, and nothing comes twice.
func TestWhoKeepsACursorSeesWhatCommitsLate(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.role("1", 2*time.Hour)
	s.announce(time.Hour) // so that nothing hangs on how fast the machine is
	r := s.reading()
	require.Equal(t, []string{"1"}, r.next())
	for i := range 3 {
		late, early, more := fmt.Sprint(10+3*i), fmt.Sprint(11+3*i), fmt.Sprint(12+3*i)
		held := s.Hooks.Stop(storetest.At{Point: store.Committing})
		slow := storetest.Go(func() error { return s.writeRole(late, 0) })
		held.Arrived()
		s.role(early, 0)
		require.Equal(t, []string{early}, r.next(), "pages behind a cursor show at once what is committed")
		require.Empty(t, r.next())
		held.Release()
		require.NoError(t, slow.Wait())
		require.Equal(t, []string{late}, r.next())
		s.role(more, 0)
		require.Equal(t, []string{more}, r.next())
		require.Empty(t, r.next())
	}
}

// TestCursorsOfRowsThatAreYoungRememberWhatWasSeen plays minutes of a list's growth: a long write holds the horizon back by an hour, and rows come
// in behind it in any order. Each is read once from each cursor, by one reader and by one who reads one row at a time.
func TestCursorsOfRowsThatAreYoungRememberWhatWasSeen(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	callOff := s.announce(time.Hour)
	at := map[string]time.Duration{"1": 90, "2": 40, "3": 20, "4": 30, "5": 50, "6": 10, "7": 35}
	write := func(ids ...string) {
		for _, id := range ids {
			s.role(id, at[id]*time.Minute)
		}
	}
	r, single := s.reading(), s.reading()
	single.query.Page.First = 1
	write("1", "2", "3")
	require.Equal(t, []string{"1", "2", "3"}, r.next())
	require.Equal(t, []string{"1"}, single.next())
	require.Equal(t, []string{"2"}, single.next())
	write("4", "5")
	require.Equal(t, []string{"5", "4"}, r.next())
	require.Equal(t, []string{"5"}, single.next())
	first := single.cursor
	write("6", "7")
	require.Equal(t, []string{"7"}, single.next(), "between two rows that were seen")
	callOff()
	require.Equal(t, []string{"7", "6"}, r.next())
	require.Empty(t, r.next())
	for _, want := range []string{"4", "3", "6"} {
		require.Equal(t, []string{want}, single.next())
	}
	require.Empty(t, single.next())
	single.cursor, single.query.Page.First = first, 100
	require.Equal(t, []string{"7", "4", "3", "6"}, single.next(), "an older cursor says what had been seen then")
	s.role("8", 45*time.Minute)
	require.Empty(t, r.next(), "nothing appears behind the horizon; who writes there is a test")
}

// TestAReadersLastPageEndsWhereItsCursorIsFull: what was seen is bounded, and the rest comes when the horizon has passed it.
func TestAReadersLastPageEndsWhereItsCursorIsFull(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	callOff := s.announce(time.Hour)
	typ := store.TypeOf[inventory.InventoryPosition](s.DB)
	const rows = 600
	require.NoError(t, s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error {
		for i := range rows {
			p := &inventory.InventoryPosition{Ref: fmt.Sprint(i), ProductRef: fmt.Sprint(i), CatalogueID: "1"}
			p.ID, p.CreatedOn = s.DB.NewUUID(), tx.Now().Add(-time.Minute)
			tx.Insert(p)
		}
		return nil
	}))
	seen := map[any]bool{}
	after := ""
	read := func() store.Group {
		res, err := s.DB.Reader(s.Scope).Select(t.Context(), store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("ref")}, Page: store.Page{First: 1000, After: after}, Follow: true})
		require.NoError(t, err)
		for i, row := range res.Groups[0].Rows {
			require.False(t, seen[row[0]])
			seen[row[0]], after = true, res.Groups[0].Cursors[i]
		}
		return res.Groups[0]
	}
	require.True(t, read().HasNext)
	require.Greater(t, len(seen), 400)
	require.Less(t, len(after), 6<<10)
	require.False(t, read().HasNext)
	require.Less(t, len(seen), rows, "there is no room to remember more")
	callOff()
	read()
	require.Len(t, seen, rows)
}

// TestTheWatermarkOfChangesStaysBehindTheHorizon, on all pages behind that of the first.
func TestTheWatermarkOfChangesStaysBehindTheHorizon(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for id, ago := range map[string]time.Duration{"1": 5 * time.Hour, "2": 4 * time.Hour, "3": 3 * time.Hour, "4": 10 * time.Minute} {
		s.role(id, ago)
	}
	changed := func(from time.Duration) *reading {
		r := s.reading(store.Condition{Field: store.TypeOf[security.Role](s.DB).Field("updatedOn"), Op: store.Range, Values: []any{time.Now().Add(-from), nil}})
		r.query.Page.First = 1
		return r
	}
	callOff := s.announce(time.Hour)
	r := changed(24 * time.Hour)
	require.Equal(t, []string{"1"}, r.next())
	callOff()
	s.SQL("UPDATE roles SET updated_on = now() - INTERVAL '30 minutes' WHERE id = 2")
	require.Equal(t, []string{"3"}, r.next(), "what has changed since the first page was read comes with the next search")
	require.Empty(t, r.next())
	again := changed(3*time.Hour + time.Minute)
	require.Equal(t, []string{"2"}, again.next())
	require.Equal(t, []string{"3"}, again.next())
	require.Equal(t, []string{"4"}, again.next())
	s.announce(time.Minute)
	s.role("5", 0)
	require.Empty(t, again.next())
	require.Empty(t, changed(time.Minute).next(), "it is younger than the horizon")
	require.Equal(t, []string{"1", "2", "3", "4", "5"}, s.reading().next(), "other searches show it at once")
}

// TestAWriteWhoseTimesAreWrongWhenItCommitsIsRepeated: the node's idea of the database's time is off by an hour, either way, as when it took an hour
// from drawing them to COMMIT. The write is announced, and takes back what it announced; its new rows say when they were really written.
func TestAWriteWhoseTimesAreWrongWhenItCommitsIsRepeated(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	for i, by := range []time.Duration{-time.Hour, time.Hour, -2 * time.Second} {
		s.DB.Misread(by)
		r := &security.Role{Name: fmt.Sprint(i)}
		r.ID = catalogue.ID(fmt.Sprint(i + 1))
		runs, announced := 0, []string(nil)
		require.NoError(t, s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error {
			announced = s.Texts("SELECT id::TEXT FROM long_writes WHERE account_id = 'ACME' AND ends_on > now()")
			tx.Insert(r)
			runs++
			return nil
		}))
		require.Equal(t, 2, runs, "%s", by)
		require.Len(t, announced, 1)
		require.Empty(t, s.Texts("SELECT id::TEXT FROM long_writes"))
		require.Equal(t, []string{"true"}, s.Texts("SELECT (abs(extract(epoch FROM created_on - now())) < 60 AND created_on = $2 AND updated_on = $2)::TEXT FROM roles WHERE id = $1", i+1, r.CreatedOn))
	}
	s.DB.Misread(-time.Hour)
	require.Error(t, s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error {
		roleNamed(tx, "9", "nine")
		if len(s.Texts("SELECT id::TEXT FROM long_writes")) > 0 {
			return fmt.Errorf("thinks better of it")
		}
		return nil
	}))
	require.Empty(t, s.Texts("SELECT id::TEXT FROM long_writes"), "a write that comes to nothing holds nobody back")
	s.DB.Misread(-time.Hour)
	require.NoError(t, s.DB.Write(t.Context(), s.Scope, func(*store.Tx) error { return nil }), "what draws nothing is not looked at")
}

// TestAWriteOfManyRowsIsAnnouncedBeforeItBegins, and is written once; nothing holds readers back afterwards, whether it wrote or not.
func TestAWriteOfManyRowsIsAnnouncedBeforeItBegins(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	thinks, made := errors.New("thinks better of it"), 0
	for name, fn := range map[string]func(tx *store.Tx) error{
		"writes": func(tx *store.Tx) error {
			made++
			roleNamed(tx, fmt.Sprint(made), fmt.Sprint("of many ", made))
			return nil
		},
		"reads": func(tx *store.Tx) error {
			_, err := store.Get[security.Role](t.Context(), tx.Reader, "7")
			return err
		},
		"does nothing": func(*store.Tx) error { return nil },
		"fails":        func(tx *store.Tx) error { roleNamed(tx, "99", "never"); return thinks },
	} {
		for _, write := range []func(context.Context, tenancy.Scope, func(*store.Tx) error) error{s.DB.WriteMany, s.DB.WriteManyLocked} {
			runs := 0
			err := write(t.Context(), s.Scope, func(tx *store.Tx) error {
				runs++
				require.Len(t, s.Texts("SELECT id::TEXT FROM long_writes WHERE account_id = 'ACME' AND ends_on > now()"), 1, name)
				return fn(tx)
			})
			if name == "fails" {
				require.ErrorIs(t, err, thinks)
			} else {
				require.NoError(t, err, name)
			}
			require.Equal(t, 1, runs, name)
			require.Empty(t, s.Texts("SELECT id::TEXT FROM long_writes"), name)
		}
	}
}

// TestTheTimesOfRowsAreDrawnLast: when they are sent, and anew for each attempt.
func TestTheTimesOfRowsAreDrawnLast(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.role("2", time.Hour)
	fresh, given := &security.Role{Name: "fresh"}, &security.Role{Name: "given"}
	fresh.ID, given.ID = "3", "4"
	given.CreatedOn = time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	was := given.CreatedOn
	var began, first time.Time
	s.Hooks.Fail(storetest.At{Point: store.Committing}, 1, said("40001"))
	typ := store.TypeOf[security.Role](s.DB)
	var changed *security.Role
	require.NoError(t, s.DB.Write(t.Context(), s.Scope, func(tx *store.Tx) error {
		found, err := store.Get[security.Role](t.Context(), tx.Reader, "2")
		if err != nil {
			return err
		}
		if changed = found[0]; !began.IsZero() {
			first = began
		}
		tx.Insert(fresh, given)
		changed.Name = "changed"
		tx.Update(changed, typ.Field("name"))
		began = s.DB.Now(t.Context()) // what the closure does after it queues something takes its time
		return nil
	}))
	require.False(t, first.IsZero(), "it was repeated")
	require.False(t, fresh.CreatedOn.Before(began))
	require.Equal(t, fresh.CreatedOn, fresh.UpdatedOn)
	require.Equal(t, fresh.CreatedOn, changed.UpdatedOn)
	require.Equal(t, was, given.CreatedOn, "what a caller gives stays")
	require.Equal(t, []string{"3"}, s.Texts("SELECT count(*)::TEXT FROM roles WHERE updated_on = $1", fresh.UpdatedOn))
}

// TestCursorsOfOthersAreRefused: of another account, type, filter, or changed in any byte; those of the build before are taken.
func TestCursorsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.EachAccount(func(tx *store.Tx) { roleNamed(tx, "1", "one"); roleNamed(tx, "2", "two") })
	r := s.reading()
	r.query.Asked = "name one"
	read := func(account, cursor string, change func(*store.Query)) error {
		q := r.query
		q.Page = store.Page{First: 5, After: cursor}
		if change != nil {
			change(&q)
		}
		_, err := s.DB.Reader(scopeOf(t, account)).Select(t.Context(), q)
		return err
	}
	refused := func(err error, field string) {
		t.Helper()
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
		require.Equal(t, field, fault.Of(err).Field)
	}
	r.next()
	require.NoError(t, read("ACME", r.cursor, nil))
	require.NoError(t, read("ACME", "", func(q *store.Query) { q.Page = store.Page{Last: 5, Before: r.cursor} }))
	refused(read("OTHER", r.cursor, nil), "after")
	refused(read("ACME", r.cursor, func(q *store.Query) { q.Asked = "name two" }), "after")
	refused(read("ACME", "", func(q *store.Query) { q.Asked, q.Page = "", store.Page{Last: 1, Before: r.cursor} }), "before")
	refused(read("ACME", r.cursor, func(q *store.Query) { q.Type, q.Fields = s.DB.Catalogue().Type("Network"), nil }), "after")
	raw, err := base64.RawURLEncoding.DecodeString(r.cursor)
	require.NoError(t, err)
	for i := range raw {
		for _, by := range []byte{1, 0x80} {
			raw[i] ^= by
			refused(read("ACME", base64.RawURLEncoding.EncodeToString(raw), nil), "after")
			raw[i] ^= by
		}
		if i > 0 {
			refused(read("ACME", base64.RawURLEncoding.EncodeToString(raw[:i]), nil), "after")
		}
	}
	refused(read("ACME", r.cursor+"A", nil), "after")
	refused(read("ACME", r.cursor[:9]+"\n"+r.cursor[9:], nil), "after")

	own := r.query
	own.Follow = false
	res, err := s.DB.Reader(s.Scope).Select(t.Context(), own)
	require.NoError(t, err)
	require.Len(t, res.Groups[0].Cursors[0], 23, "as the build before had them")
	require.NoError(t, read("ACME", res.Groups[0].Cursors[0], nil))
}
