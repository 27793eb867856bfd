package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/setting"
)

func settings(b *bench) {
	typ := store.TypeOf[foundation.Setting](b.db)
	add := func(name, context string, contextID int, value string) {
		s := b.Entity(b.scope, typ).(*foundation.Setting)
		s.Name, s.Context, s.ContextID, s.Value = name, context, contextID, value
		b.write(b.scope, func(tx *store.Tx) error { tx.Insert(s); return nil })
	}
	add("a", "GLOBAL", 0, "global")
	add("a", "ACCOUNT", 0, "account")
	add("a", "RETAILER", 1, "retailer 1")
	add("a", "AGENT", 7, "location 7")
	add("b", "GLOBAL", 0, "global")
	add("b", "RETAILER", 2, "retailer 2")
	add("c", "CUSTOMER", 3, "customer")
	declared := func(name string) setting.Setting[string] {
		return setting.Text(setting.About{Name: name, From: setting.Location, Doc: "x"}, "none")
	}
	names := []setting.Setting[string]{declared("a"), declared("b"), declared("c"), declared("d")}
	for _, c := range []struct {
		at   setting.Place
		a, b string
	}{
		{setting.Place{}, "account", "global"},
		{setting.Place{Retailer: 1}, "retailer 1", "global"},
		{setting.Place{Retailer: 2}, "account", "retailer 2"},
		{setting.Place{Retailer: 1, Location: 7}, "location 7", "global"},
		{setting.Place{Location: 8}, "account", "global"},
	} {
		found, err := b.db.Reader(b.scope).Settings(b.ctx, c.at, names[0], names[1], names[2], names[3])
		require.NoError(b.t, err)
		for i, want := range []string{c.a, c.b, "none", "none"} {
			got, err := names[i].Get(found, c.at)
			require.NoError(b.t, err)
			require.Equal(b.t, want, got, "%s at %v", names[i].Name(), c.at)
		}
	}
	found, err := b.db.Reader(scopeOf(b.t, "OTHER")).Settings(b.ctx, setting.Place{}, names[0])
	require.NoError(b.t, err)
	require.Empty(b.t, found)
	documents(b, declared("a"))
}

// documents may be large: places bring those that are named, and plain settings whole.
func documents(b *bench, plain setting.Setting[string]) {
	typ := store.TypeOf[foundation.Setting](b.db)
	for _, name := range []string{"wanted", "large"} {
		s := b.Entity(b.scope, typ).(*foundation.Setting)
		s.Name, s.Context, s.ContextID, s.Value, s.LobValue = name, "ACCOUNT", 0, "", json.RawMessage(`["`+name+`"]`)
		b.write(b.scope, func(tx *store.Tx) error { tx.Insert(s); return nil })
	}
	get := func(names ...string) (plainText string, lists [2][]string) {
		rows, err := b.db.Reader(b.scope).PlaceRows(b.ctx, names...)
		require.NoError(b.t, err)
		held := setting.Hold(rows.Settings)
		plainText, err = plain.Get(held, setting.Place{})
		require.NoError(b.t, err)
		for i, name := range []string{"wanted", "large"} {
			lists[i], err = setting.List(setting.About{Name: name, From: setting.Account, Doc: "x"}).Get(held, setting.Place{})
			require.NoError(b.t, err)
		}
		return plainText, lists
	}
	text, lists := get()
	require.Equal(b.t, "account", text)
	require.Equal(b.t, [2][]string{}, lists)
	text, lists = get("wanted")
	require.Equal(b.t, "account", text)
	require.Equal(b.t, [2][]string{{"wanted"}}, lists)
}

func principals(b *bench) {
	users, roles := store.TypeOf[security.User](b.db), store.TypeOf[security.Role](b.db)
	one, two := b.Entity(b.scope, roles).(*security.Role), b.Entity(b.scope, roles).(*security.Role)
	user, bare := b.Entity(b.scope, users).(*security.User), b.Entity(b.scope, users).(*security.User)
	user.Roles = []security.UserRole{{RoleID: two.ID, Contexts: []security.RoleContext{{ContextID: "1", ContextType: "RETAILER"}}}, {RoleID: one.ID}, {RoleID: "9999"}}
	b.write(b.scope, func(tx *store.Tx) error { tx.Insert(one, two, user, bare); return nil })
	r := b.db.Reader(b.scope)
	tr := &store.Trace{}
	p, err := r.PrincipalByUsername(store.WithTrace(b.ctx, tr), user.Username)
	require.NoError(b.t, err)
	require.Equal(b.t, 1, tr.RoundTrips())
	require.Equal(b.t, &store.Principal{User: user, Roles: []*security.Role{one, two}}, p)
	p, err = r.PrincipalByID(b.ctx, bare.ID)
	require.NoError(b.t, err)
	require.Equal(b.t, &store.Principal{User: bare}, p)
	_, err = b.db.Reader(scopeOf(b.t, "OTHER")).PrincipalByUsername(b.ctx, user.Username)
	require.True(b.t, fault.Is(err, fault.NotFound))
}

func contents(b *bench) {
	content := []byte(`{"name":"ORDER::HD"}`)
	hash, err := artefacts.Of(b.db).Put(b.ctx, b.scope, content)
	require.NoError(b.t, err)
	again, err := artefacts.Of(b.db).Put(b.ctx, b.scope, content)
	require.NoError(b.t, err)
	require.Equal(b.t, hash, again)
	got, err := artefacts.Of(b.db).Get(b.ctx, b.scope, hash)
	require.NoError(b.t, err)
	require.Equal(b.t, content, got)
	for _, miss := range []string{hash[:62] + "00", "", "no hash"} {
		_, err = artefacts.Of(b.db).Get(b.ctx, b.scope, miss)
		require.True(b.t, fault.Is(err, fault.NotFound), miss)
	}
	_, err = artefacts.Of(b.db).Get(b.ctx, scopeOf(b.t, "OTHER"), hash)
	require.True(b.t, fault.Is(err, fault.NotFound))
}

func workflowVersions(b *bench) {
	hashes := make([]string, 3)
	for i := range hashes {
		var err error
		hashes[i], err = artefacts.Of(b.db).Put(b.ctx, b.scope, fmt.Appendf(nil, "text %d", i))
		require.NoError(b.t, err)
	}
	of := artefacts.Workflow{Retailer: 1, Name: "ORDER::HD"}
	old := artefacts.Version{Number: 10000, Hash: hashes[0], Comment: "old"}
	require.NoError(b.t, artefacts.Of(b.db).Keep(b.ctx, b.scope, of, old))
	require.NoError(b.t, artefacts.Of(b.db).Keep(b.ctx, b.scope, of, artefacts.Version{Number: 10000, Hash: hashes[1], Comment: "another"}))
	require.NoError(b.t, artefacts.Of(b.db).Keep(b.ctx, b.scope, of, artefacts.Version{Number: 10001, Hash: hashes[1]}))
	text, err := artefacts.Of(b.db).Text(b.ctx, b.scope, of, 10000)
	require.NoError(b.t, err)
	require.Equal(b.t, "text 0", string(text))
	active := []artefacts.Version{{Number: 10001, Hash: hashes[1], Comment: "active"}, {Number: 20000, Hash: hashes[2]}}
	for _, c := range []struct {
		page artefacts.VersionsPage
		want []int
	}{
		{artefacts.VersionsPage{Count: 9}, []int{10001, 10000}}, {artefacts.VersionsPage{Active: active, Count: 9}, []int{20000, 10001, 10000}},
		{artefacts.VersionsPage{Active: active, Start: 1, Count: 1}, []int{10001}}, {artefacts.VersionsPage{Active: active, Start: 3, Count: 1}, nil},
	} {
		list, err := artefacts.Of(b.db).Versions(b.ctx, b.scope, of, c.page)
		require.NoError(b.t, err)
		var got []int
		for _, v := range list {
			got = append(got, v.Number)
			require.NotZero(b.t, v.CreatedOn)
		}
		require.Equal(b.t, c.want, got)
	}
	for _, miss := range []struct {
		account string
		of      artefacts.Workflow
		version int
	}{{"OTHER", of, 10000}, {"ACME", artefacts.Workflow{Retailer: 2, Name: of.Name}, 10000}, {"ACME", artefacts.Workflow{Retailer: 1, Name: "ORDER::CC"}, 10000}, {"ACME", of, 10002}} {
		_, err := artefacts.Of(b.db).Text(b.ctx, scopeOf(b.t, miss.account), miss.of, miss.version)
		require.True(b.t, fault.Is(err, fault.NotFound), "%v", miss)
	}
}

func revocation(b *bench) {
	now := b.db.Now(b.ctx)
	later := now.Add(time.Hour)
	require.NoError(b.t, access.RevokeToken(b.ctx, b.db, b.scope, "one", later))
	require.NoError(b.t, access.RevokeToken(b.ctx, b.db, b.scope, "one", later))
	require.NoError(b.t, access.RevokeToken(b.ctx, b.db, scopeOf(b.t, "OTHER"), "two", now.Add(-time.Minute)))
	require.NoError(b.t, access.RevokeToken(b.ctx, b.db, scopeOf(b.t, "OTHER"), "just expired", now.Add(-time.Second)))
	found, err := access.RevokedTokens(b.ctx, b.db, now.Add(-time.Minute))
	require.NoError(b.t, err)
	var known []string
	for _, r := range found {
		known = append(known, string(r.Account)+" "+r.TokenID)
	}
	require.ElementsMatch(b.t, []string{"ACME one", "OTHER just expired"}, known, "what is taken a little after its end is known as long")
	found, err = access.RevokedTokens(b.ctx, b.db, now.Add(time.Minute))
	require.NoError(b.t, err)
	require.Empty(b.t, found)
	require.NoError(b.t, access.ForgetTokens(b.ctx, b.db, now.Add(2*time.Hour)))
	found, err = access.RevokedTokens(b.ctx, b.db, now.Add(-time.Minute))
	require.NoError(b.t, err)
	require.Empty(b.t, found)
}

func batches(b *bench) {
	r := b.db.Reader(b.scope)
	jobID, err := jobs.NewID(b.ctx, b.db, b.scope)
	require.NoError(b.t, err)
	job := &jobs.Job{ID: jobID, RetailerID: 2, Name: "nightly", Meta: json.RawMessage(`{"source": "wms"}`), ClosesOn: b.db.Now(b.ctx).Add(time.Hour).Truncate(time.Second)}
	b.write(b.scope, func(tx *store.Tx) error { jobs.Add(tx, job); return nil })
	batch := b.addBatch(jobID)
	rows, err := jobs.Rows(b.ctx, r, batch, 998, 3)
	require.NoError(b.t, err)
	require.Equal(b.t, []jobs.Row{{Number: 998, Body: json.RawMessage(`{"n": 998}`)}, {Number: 999, Body: json.RawMessage(`{"n": 999}`)}}, rows)

	b.write(b.scope, func(tx *store.Tx) error { jobs.Start(tx, batch); return nil })
	b.write(b.scope, func(tx *store.Tx) error {
		jobs.Finish(tx, batch, 1000, []jobs.Row{{Number: 3, EntityID: "11"}, {Number: 5, Code: fault.CodeNotFound, Message: "no such location"}})
		return nil
	})
	got, err := jobs.GetBatch(b.ctx, r, batch)
	require.NoError(b.t, err)
	require.Equal(b.t, jobs.Complete, got.Status)
	require.Equal(b.t, []int{1000, 1000, 1}, []int{got.Total, got.Processed, got.Failed})
	require.NotNil(b.t, got.CompletedOn)
	rows, err = jobs.Failures(b.ctx, r, batch, 0, 10)
	require.NoError(b.t, err)
	require.Len(b.t, rows, 1)
	require.Equal(b.t, 5, rows[0].Number)
	found, err := jobs.Get(b.ctx, r, jobID)
	require.NoError(b.t, err)
	require.Len(b.t, found.Batches, 1)
	found.Batches = nil
	found.ClosesOn = found.ClosesOn.UTC()
	found.CreatedOn = found.CreatedOn.UTC()
	require.Equal(b.t, job, found)
	_, err = jobs.Get(b.ctx, b.db.Reader(scopeOf(b.t, "ACME", 1)), jobID)
	require.True(b.t, fault.Is(err, fault.NotFound))
	_, err = jobs.GetBatch(b.ctx, b.db.Reader(scopeOf(b.t, "OTHER")), batch)
	require.True(b.t, fault.Is(err, fault.NotFound))
	b.closedJob()
}

func (b *bench) addBatch(job catalogue.ID) catalogue.ID {
	id, err := jobs.NewBatchID(b.ctx, b.db, b.scope)
	require.NoError(b.t, err)
	records := make([]json.RawMessage, 1000)
	for i := range records {
		records[i] = json.RawMessage(fmt.Sprintf(`{"n": %d}`, i))
	}
	b.write(b.scope, func(tx *store.Tx) error {
		return jobs.AddBatch(b.ctx, tx, &jobs.Batch{ID: id, JobID: job, RetailerID: 2, Action: "UPSERT", EntityType: "INVENTORY", Event: "InventoryChanged", Header: json.RawMessage(`{}`)}, records)
	})
	return id
}

func (b *bench) closedJob() {
	id, err := jobs.NewID(b.ctx, b.db, b.scope)
	require.NoError(b.t, err)
	b.write(b.scope, func(tx *store.Tx) error { jobs.Add(tx, &jobs.Job{ID: id, ClosesOn: tx.Now()}); return nil })
	err = b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { return jobs.AddBatch(b.ctx, tx, &jobs.Batch{ID: "1", JobID: id}, nil) })
	require.True(b.t, fault.Is(err, fault.Unprocessable), "%v", err)
	err = b.db.Write(b.ctx, b.scope, func(tx *store.Tx) error { return jobs.AddBatch(b.ctx, tx, &jobs.Batch{ID: "1", JobID: "77"}, nil) })
	require.True(b.t, fault.Is(err, fault.NotFound), "%v", err)
}

// environmentKeys lets two nodes that find no key make one at the same time.
func environmentKeys(b *bench) {
	now := b.db.Now(b.ctx)
	var done sync.WaitGroup
	seen := make([][]access.Key, 2)
	for i, db := range []*store.DB{b.db, b.open(b.dsn)} {
		done.Go(func() {
			keys, err := access.EnsureKey(b.ctx, db, now, func() (access.Key, error) {
				return access.Key{ID: fmt.Sprint(i), Public: []byte("p"), Private: []byte("s"), CreatedOn: now, ExpiresOn: now.Add(time.Hour)}, nil
			})
			require.NoError(b.t, err)
			seen[i] = keys
		})
	}
	done.Wait()
	require.Len(b.t, seen[0], 1)
	require.Len(b.t, seen[1], 1)
	require.Equal(b.t, seen[0][0].ID, seen[1][0].ID)
	require.NoError(b.t, access.AddKey(b.ctx, b.db, access.Key{ID: "next", Public: []byte("q"), Private: []byte("t"), CreatedOn: now.Add(time.Second), ExpiresOn: now.Add(2 * time.Hour)}))
	require.NoError(b.t, access.ForgetKeys(b.ctx, b.db, now.Add(90*time.Minute)))
	keys, err := access.Keys(b.ctx, b.db)
	require.NoError(b.t, err)
	require.Len(b.t, keys, 1)
	require.Equal(b.t, "next", keys[0].ID)
	broken := errors.New("no randomness")
	_, err = access.EnsureKey(b.ctx, b.db, now.Add(24*time.Hour), func() (access.Key, error) { return access.Key{}, broken })
	require.ErrorIs(b.t, err, broken)
}
