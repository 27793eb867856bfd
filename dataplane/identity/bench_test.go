package identity_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/password"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/tenancy"
)

// BenchmarkUnknownAndWrong measures whether time tells what answers do not: each question is asked about what there is and about what there is
// not, by turns, through a gateway, with hashes at their full cost. The medians should differ by less than their own spread.
//
//	go test ./dataplane/identity -run - -bench UnknownAndWrong -benchtime 300x
func BenchmarkUnknownAndWrong(b *testing.B) {
	s := newSiteOf(b, 1, password.Standard())
	user := func(name string) ask {
		return ask{path: "/oauth/token", form: grant("password", "username", name, "password", "wrong password")}
	}
	client := func(id string) ask {
		return ask{path: "/oauth/token", form: url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {"wrong"}}}
	}
	host := func(name string) ask { return ask{path: "/graphql", host: name, json: "{}"} }
	round := 0
	for name, pair := range map[string][2]ask{
		"user": {user("ann"), user("zoe")}, "client": {client("ACME"), client("NOBODY")}, "host": {host("acme.localhost"), host("nobody.localhost")},
	} {
		b.Run(name, func(b *testing.B) {
			var took [2][]float64
			for b.Loop() {
				round++
				for i := range pair {
					for subject, account := range map[string]tenancy.AccountID{"user ann": "ACME", "user zoe": "ACME", "client ACME": "ACME", "client NOBODY": store.Nobody} {
						require.NoError(b, access.UnlockSignIn(b.Context(), s.db, scope(b, account), subject))
					}
					which := (i + round) % 2 // who is first changes each time
					a := pair[which]
					a.source = fmt.Sprintf("2001:db8:%x:%x::1", round>>8, round&0xff)
					begin := time.Now()
					got := s.send(a)
					took[which] = append(took[which], float64(time.Since(begin).Microseconds()))
					require.Equal(b, 401, got.Status, got.Body)
				}
			}
			for i, what := range []string{"there", "not"} {
				slices.Sort(took[i])
				b.ReportMetric(took[i][len(took[i])/2], "µs-median-"+what)
				b.ReportMetric(took[i][len(took[i])*3/4]-took[i][len(took[i])/4], "µs-spread-"+what)
			}
		})
	}
}
