package feed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/feed"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/payment"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// bench is an account with locations of two retailers.
type bench struct {
	*storetest.Stand
	feed   *feed.Service
	ending chan struct{}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{Stand: storetest.NewStand(t, dbtest.Template), ending: make(chan struct{})}
	b.feed = b.another()
	return b
}

// another is the service of another node.
func (b *bench) another() *feed.Service {
	return feed.New(feed.Deps{DB: storetest.Open(b.T, b.DSN, store.Options{}), Ending: b.ending}, feed.Config{Poll: time.Millisecond})
}

// caller may see locations and schedules where his role holds.
func caller(permissions []string, contexts ...tenant.Context) *tenant.Principal {
	return tenant.New(tenant.Identity{Account: "ACME", UserID: "7", Username: "ann"}, tenant.Grant{Role: "R", Permissions: permissions, Contexts: contexts})
}

var may = []string{feed.Permission, "LOCATION_VIEW", "NETWORK_VIEW", "RETAILER_VIEW"}

func everywhere() *tenant.Principal { return caller(may, tenant.Context{Type: tenant.AccountContext}) }

func as(p *tenant.Principal) feed.Caller {
	return func(context.Context) (*tenant.Principal, error) { return p, nil }
}

func location(id, retailer string) *foundation.Location {
	return &foundation.Location{Node: catalogue.Node{ID: catalogue.ID(id)}, Ref: "L" + id, Name: "n", Type: "STORE", Status: "ACTIVE", RetailerID: catalogue.ID(retailer)}
}

func (b *bench) write(fn func(tx *store.Tx)) {
	b.T.Helper()
	require.NoError(b.T, b.DB.WriteLocked(context.Background(), b.Scope, func(tx *store.Tx) error { fn(tx); return nil }))
}

// older makes all that was told as old as the horizon, but for what serves as a beginning.
func (b *bench) older() {
	b.SQL("UPDATE changes SET at = at - INTERVAL '3 seconds' WHERE at > now() - INTERVAL '2500 milliseconds'")
}

func (b *bench) page(s *feed.Service, p *tenant.Principal, types, from string, limit int) *feed.Page {
	b.T.Helper()
	page, err := s.Page(b.T.Context(), as(p), feed.Request{Types: types, From: from, Limit: limit})
	require.NoError(b.T, err)
	return page
}

// told are changes in short.
func told(p *feed.Page) (out []string) {
	for _, c := range p.Changes {
		out = append(out, fmt.Sprintf("%s %s %s", c.What, c.Type, c.ID))
	}
	return out
}

// TestAFollowerBeginsWithAllThatThereIs, goes on with what changed meanwhile, at whatever node, and misses nothing.
func TestAFollowerBeginsWithAllThatThereIs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(func(tx *store.Tx) { tx.Insert(location("1", "1"), location("2", "2"), location("3", "1")) })
	b.older()
	p := b.page(b.feed, everywhere(), "Location", "", 2)
	require.Equal(t, []string{"exists Location 1", "exists Location 2"}, told(p))
	require.Equal(t, "L1", p.Changes[0].Ref)
	require.Equal(t, "STORE", p.Changes[0].Entity["type"])
	require.True(t, p.More)
	b.write(func(tx *store.Tx) {
		one := location("1", "1")
		one.Name = "new"
		tx.Update(one)
		tx.Insert(location("4", "1"))
	})
	p = b.page(b.another(), everywhere(), "Location", p.Next, 2)
	require.Equal(t, []string{"exists Location 3", "exists Location 4"}, told(p))
	p = b.page(b.another(), everywhere(), "Location", p.Next, 2)
	b.older()
	p = b.page(b.feed, everywhere(), "Location", p.Next, 1)
	require.Equal(t, []string{"created Location 4"}, told(p), "again: at least once")
	require.True(t, p.More)
	p = b.page(b.feed, everywhere(), "Location", p.Next, 1)
	require.Equal(t, []string{"updated Location 1"}, told(p))
	require.Equal(t, "new", p.Changes[0].Entity["name"])
	require.Equal(t, feed.Named{Type: "Location", ID: "1"}, *p.Changes[0].Root)
	p = b.page(b.feed, everywhere(), "Location", p.Next, 10)
	require.Empty(t, p.Changes)
	require.False(t, p.More)
}

// TestWhatACallerMayNotSeeIsNotThere, nor what was deleted where he does not see all.
func TestWhatACallerMayNotSeeIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ofOne := caller(may, tenant.Context{Type: tenant.RetailerContext, ID: "1", Retailer: 1})
	all, one := b.page(b.feed, everywhere(), "Location,Network", feed.Now, feed.StandardLimit).Next, b.page(b.feed, ofOne, "Location,Network", feed.Now, feed.StandardLimit).Next
	b.write(func(tx *store.Tx) { tx.Insert(location("1", "1"), location("2", "2"), location("3", "2")) })
	b.write(func(tx *store.Tx) { tx.Delete(store.TypeOf[foundation.Location](b.DB), "2") })
	b.older()
	require.Equal(t, []string{"created Location 1", "created Location 3", "deleted Location 2"}, told(b.page(b.feed, everywhere(), "Location,Network", all, feed.StandardLimit)))
	require.Equal(t, []string{"created Location 1", "created Location 3"}, told(b.page(b.feed, everywhere().Under(active{}), "Location,Network", all, feed.StandardLimit)),
		"nobody knows whether the policy let him see what was deleted")
	require.Equal(t, []string{"created Location 1"}, told(b.page(b.feed, ofOne, "Location,Network", one, feed.StandardLimit)))

	require.Contains(t, b.page(b.feed, everywhere(), "Location", feed.Start, feed.StandardLimit).Changes[0].Entity, "retailer")
	blind := caller([]string{feed.Permission, "LOCATION_VIEW"}, tenant.Context{Type: tenant.AccountContext})
	require.NotContains(t, b.page(b.feed, blind, "Location", feed.Start, feed.StandardLimit).Changes[0].Entity, "retailer", "what it refers to is not the caller's to see")

	for _, c := range []struct {
		who  *tenant.Principal
		want fault.Kind
		q    feed.Request
	}{
		{caller([]string{"LOCATION_VIEW"}, tenant.Context{Type: tenant.AccountContext}), fault.Forbidden, feed.Request{Types: "Location", Limit: feed.StandardLimit}},
		{blind, fault.Forbidden, feed.Request{Types: "Location,Network", Limit: feed.StandardLimit}},
		{everywhere(), fault.Invalid, feed.Request{Types: "Location,Nothing", Limit: feed.StandardLimit}},
		{everywhere(), fault.Invalid, feed.Request{Types: "", Limit: feed.StandardLimit}},
		{everywhere(), fault.Invalid, feed.Request{Types: "Network", From: all, Limit: feed.StandardLimit}},
		{everywhere(), fault.Invalid, feed.Request{Types: "Location", From: "x", Limit: feed.StandardLimit}},
		{everywhere(), fault.Invalid, feed.Request{Types: "Location", Limit: 1001}},
		{everywhere(), fault.Invalid, feed.Request{Types: "Location"}},
		{everywhere(), fault.Invalid, feed.Request{Types: "Location", Wait: time.Hour, Limit: feed.StandardLimit}},
	} {
		_, err := b.feed.Page(t.Context(), as(c.who), c.q)
		require.Equal(t, c.want, fault.Of(err).Kind, "%v: %v", c.q, err)
	}
}

// active is a policy that lets nobody see locations but those that are active.
type active struct{}

func (active) For([]string) func(permission string) tenant.Left {
	return func(permission string) (left tenant.Left) {
		if permission == "LOCATION_VIEW" {
			left = tenant.Left{Cases: []tenancy.Case{{{Field: "status", Op: tenancy.Like, Value: "ACTIVE"}}}, Rule: "active"}
		}
		return left
	}
}

// TestNobodyIsToldSecrets: neither what the API shows nobody, nor the fields of what holds secrets.
func TestNobodyIsToldSecrets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(func(tx *store.Tx) {
		u := &security.User{Ref: "ann", Username: "ann", Type: "ADMIN", Status: "ACTIVE", FirstName: "Ann", PasswordHash: "HASH"}
		p := &payment.PaymentServiceProvider{Ref: "P", ClientID: "c", ClientSecret: "SECRET", ServiceAuthToken: "TOKEN", Host: "h", Port: 1, RetailerID: "1"}
		u.ID, p.ID = "1", "2"
		tx.Insert(u, p)
	})
	b.older()
	may := []string{feed.Permission}
	for _, t := range []*catalogue.Type{store.TypeOf[security.User](b.DB), store.TypeOf[payment.PaymentServiceProvider](b.DB)} {
		may = append(may, t.Permission+"_VIEW")
	}
	who := caller(may, tenant.Context{Type: tenant.AccountContext})
	all := ""
	for _, kind := range []string{"User", "PaymentServiceProvider"} {
		p := b.page(b.feed, who, kind, feed.Start, feed.StandardLimit)
		require.Len(t, p.Changes, 1, kind)
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		all += string(raw)
	}
	require.Contains(t, all, `"firstName":"Ann"`)
	for _, secret := range []string{"HASH", "SECRET", "TOKEN"} {
		require.NotContains(t, all, secret)
	}
}

// TestARowIsReadInPieces, however many entities it tells of and whichever the follower wants.
func TestARowIsReadInPieces(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := b.page(b.feed, everywhere(), "Location", feed.Now, feed.StandardLimit).Next
	b.write(func(tx *store.Tx) {
		for i := range 7 {
			tx.Insert(location(fmt.Sprint(i+1), "1"))
		}
		tx.Insert(&foundation.Network{Node: catalogue.Node{ID: "9"}, Ref: "N"})
	})
	b.older()
	var all []string
	for more := true; more; {
		p := b.page(b.feed, everywhere(), "Location", at, 3)
		all, at, more = append(all, told(p)...), p.Next, p.More
	}
	require.Len(t, all, 7)
	require.Equal(t, "created Location 7", all[6])
}

// TestATokenThatServesNoMoreSaysWhy.
func TestATokenThatServesNoMoreSaysWhy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := b.page(b.feed, everywhere(), "Location", feed.Now, feed.StandardLimit).Next
	b.SQL("DELETE FROM changes")
	p := b.page(b.feed, everywhere(), "Location", at, feed.StandardLimit)
	require.NotNil(t, p.Reset)
	require.Equal(t, store.LostExpired, p.Reset.Reason)
	require.NotEmpty(t, p.Reset.Message)
	require.Empty(t, p.Next)
}

// TestAFollowerWaits for a change, until the node is about to stop, and no longer than he may.
func TestAFollowerWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	at := b.page(b.feed, everywhere(), "Location", feed.Now, feed.StandardLimit).Next
	asked := make(chan struct{}, 1)
	waits := func(who *tenant.Principal) (*feed.Page, error) {
		first := true
		return b.feed.Page(context.Background(), func(context.Context) (*tenant.Principal, error) {
			if first {
				first = false
				return everywhere(), nil
			}
			select {
			case asked <- struct{}{}:
			default:
			}
			return who, nil
		}, feed.Request{Types: "Location", From: at, Wait: feed.LongestWait, Limit: feed.StandardLimit})
	}
	var p *feed.Page
	run := storetest.Go(func() (err error) { p, err = waits(everywhere()); return err })
	<-asked
	b.write(func(tx *store.Tx) { tx.Insert(location("1", "1")) })
	b.older()
	require.NoError(t, run.Wait())
	require.Equal(t, []string{"created Location 1"}, told(p))

	at = p.Next
	_, err := waits(caller([]string{feed.Permission}, tenant.Context{Type: tenant.AccountContext}))
	require.Equal(t, fault.Forbidden, fault.Of(err).Kind, "what he may is asked for again")

	run = storetest.Go(func() (err error) { p, err = waits(everywhere()); return err })
	<-asked
	close(b.ending)
	require.NoError(t, run.Wait())
	require.Empty(t, p.Changes)
	require.NotEmpty(t, p.Next)
}

// TestAStreamEndsWithATokenThatServesElsewhere.
func TestAStreamEndsWithATokenThatServesElsewhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(func(tx *store.Tx) { tx.Insert(location("1", "1")) })
	b.older()
	stream, err := b.feed.Stream(t.Context(), as(everywhere()), feed.Request{Types: "Location", From: feed.Start, Limit: feed.StandardLimit})
	require.NoError(t, err)
	var lines []string
	next := ""
	require.NoError(t, stream.Run(t.Context(), func(line any) error {
		raw, err := json.Marshal(line)
		require.NoError(t, err)
		if m, is := line.(feed.Mark); is {
			if next = m.Next; len(lines) == 1 {
				close(b.ending) // the node is about to stop
			}
			return nil
		}
		lines = append(lines, string(raw))
		return nil
	}, func() error { return nil }))
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], `"what":"exists"`)
	b.write(func(tx *store.Tx) { tx.Insert(location("2", "1")) })
	b.older()
	other := b.another()
	p := b.page(other, everywhere(), "Location", next, feed.StandardLimit)
	require.Equal(t, []string{"created Location 2"}, told(p))

	for range feed.MostFollowers {
		_, err := other.Stream(t.Context(), as(everywhere()), feed.Request{Types: "Location", From: p.Next, Limit: feed.StandardLimit})
		require.NoError(t, err)
	}
	_, err = other.Stream(t.Context(), as(everywhere()), feed.Request{Types: "Location", From: p.Next, Limit: feed.StandardLimit})
	require.Equal(t, fault.Limited, fault.Of(err).Kind)
}
