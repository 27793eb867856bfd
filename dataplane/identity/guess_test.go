package identity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/token"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/security"
)

// TestUnknownAndWrongAnswerAlike asks each question twice, about what there is and about what there is not, from a source of its own.
func TestUnknownAndWrongAnswerAlike(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	signer, err := token.NewSigner(token.NewSeed())
	require.NoError(t, err)
	forged := func(account string) string {
		raw, _, err := token.NewIssuer("fluent", signer, time.Now).Tenant(token.Tenant{Account: "ACME", UserID: "1", ID: "same"}, time.Hour)
		require.NoError(t, err)
		other, _, err := token.NewIssuer("fluent", signer, time.Now).Tenant(token.Tenant{Account: "NOBODY", UserID: "1", ID: "same"}, time.Hour)
		require.NoError(t, err)
		return map[string]string{"ACME": raw, "NOBODY": other}[account]
	}
	client := func(id string) url.Values {
		return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {"wrong"}}
	}
	user := func(name string) url.Values { return grant("password", "username", name, "password", "wrong password") }
	for name, c := range map[string]struct {
		there, not ask
		status     int
		work       uint64
	}{
		"a host, no token":           {ask{path: "/graphql", host: "acme.localhost", json: "{}"}, ask{path: "/graphql", host: "nobody.localhost", json: "{}"}, 401, 0},
		"a host, a path of none":     {ask{path: "/api/x", host: "acme.localhost"}, ask{path: "/api/x", host: "nobody.localhost"}, 404, 0},
		"a host, wrong client":       {ask{path: "/oauth/token", host: "acme.localhost", form: client("X")}, ask{path: "/oauth/token", host: "nobody.localhost", form: client("X")}, 401, 0},
		"a host, no client":          {ask{path: "/oauth/token", host: "acme.localhost", form: url.Values{"grant_type": {"password"}}}, ask{path: "/oauth/token", host: "nobody.localhost", form: url.Values{"grant_type": {"password"}}}, 400, 0},
		"a host, a forged token":     {ask{path: "/graphql", host: "acme.localhost", token: forged("ACME"), json: "{}"}, ask{path: "/graphql", host: "nobody.localhost", token: forged("ACME"), json: "{}"}, 401, 0},
		"a forged token":             {ask{path: "/graphql", token: forged("ACME"), json: "{}"}, ask{path: "/graphql", token: forged("NOBODY"), json: "{}"}, 401, 0},
		"a forged token for REST":    {ask{path: "/api/v4.1/event", method: "GET", token: forged("ACME")}, ask{path: "/api/v4.1/event", method: "GET", token: forged("NOBODY")}, 401, 0},
		"a client id":                {ask{path: "/oauth/token", form: client("ACME")}, ask{path: "/oauth/token", form: client("NOBODY")}, 401, 0},
		"a client id, to revoke":     {ask{path: "/oauth/revoke", form: client("ACME")}, ask{path: "/oauth/revoke", form: client("NOBODY")}, 401, 0},
		"a client id, of a password": {ask{path: "/oauth/password", form: client("ACME")}, ask{path: "/oauth/password", form: client("NOBODY")}, 401, 0},
		"a user":                     {ask{path: "/oauth/token", form: user("ann")}, ask{path: "/oauth/token", form: user("zoe")}, 401, 1},
		"a user that was closed":     {ask{path: "/oauth/token", form: user("eve")}, ask{path: "/oauth/token", form: user("zoe")}, 401, 1},
		"a user without a password":  {ask{path: "/oauth/token", form: user("api")}, ask{path: "/oauth/token", form: user("zoe")}, 401, 1},
		"a user, of a password":      {ask{path: "/oauth/password", form: user("ann")}, ask{path: "/oauth/password", form: user("zoe")}, 401, 1},
	} {
		waited := [2]bool{c.work == 0 && !strings.HasPrefix(name, "a client"), c.work == 0 && !strings.HasPrefix(name, "a client")}
		for round := 0; round < 5 || !(waited[0] && waited[1]); round++ { // the later ones are refused for now
			require.Less(t, round, 60, name)
			var got [2]answer
			for i, a := range []ask{c.there, c.not} {
				a.source = fmt.Sprintf("198.51.100.%d", 1+i)
				if strings.HasPrefix(name, "a user") || strings.HasPrefix(name, "a client") {
					a.source = fmt.Sprintf("2001:db8:%x:%d::1", len(name), i)
				}
				before := s.hasher.Work()
				got[i] = s.send(a)
				if round < 5 {
					require.Equal(t, c.status, got[i].Status, "%s: %s", name, got[i].Body)
					require.Equal(t, c.work, s.hasher.Work()-before, name)
				}
			}
			for i := range got {
				waited[i] = waited[i] || got[i].Status == http.StatusTooManyRequests
			}
			if got[0].Status == got[1].Status || round < 5 { // a slow machine may let a second pass between the two
				require.Equal(t, withoutTime(got[0]), withoutTime(got[1]), "%s, round %d", name, round)
			}
		}
	}
}

// TestWrongClientSecretsAreCountedUpToAPace: beyond it they are answered alike, and cost the database nothing.
func TestWrongClientSecretsAreCountedUpToAPace(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	const pace = 3
	s.nodes[0].Counting(pace)
	c, err := pgx.Connect(t.Context(), s.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(t.Context()) })
	counted := func() (n int) {
		require.NoError(t, c.QueryRow(t.Context(), `SELECT count(DISTINCT subject) FROM sign_ins WHERE subject LIKE 'client X%'`).Scan(&n))
		return n
	}
	var first answer
	for i := range 3 * pace {
		a := s.send(ask{path: "/oauth/token", form: url.Values{"grant_type": {"client_credentials"}, "client_id": {fmt.Sprint("X", i)}, "client_secret": {"wrong"}}})
		if i == 0 {
			first = a
		}
		require.Equal(t, 401, a.Status)
		require.Equal(t, first, a)
		require.Equal(t, min(i+1, pace), counted())
	}
}

// TestAForeignHostIsNotToldFromAnUnknownOne asks with what is good for ACME: at its own hosts and at those of nobody it is served, and at the hosts
// of OTHER exactly what it is at hosts that nobody has.
func TestAForeignHostIsNotToldFromAnUnknownOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.lists("ACME", "shop.acme.example")
	s.lists("OTHER", "shop.other.example")
	good := s.login("", "ann", right).field("access_token")
	require.NotEmpty(t, good)
	for name, c := range map[string]struct {
		ask
		served int
	}{
		"GraphQL":                         {ask{path: "/graphql", token: good, json: "{}"}, 200},
		"GraphQL, too long to be unknown": {ask{path: "/graphql", token: good, json: `{"x":"` + strings.Repeat("x", 100<<10) + `"}`}, 200},
		"a path of none":                  {ask{path: "/api/v4.1/none", token: good}, 404},
		"REST":                            {ask{path: "/api/v4.1/user/unlock", token: good, json: "{}"}, 400},
		"a client":                        {ask{path: "/oauth/token", form: grant("client_credentials")}, 200},
		"a user":                          {ask{path: "/oauth/token", form: grant("password", "username", "ann", "password", right)}, 200},
		"a refresh token that is none":    {ask{path: "/oauth/token", form: grant("refresh_token", "refresh_token", "x")}, 400},
		"a password that is to be changed": {ask{path: "/oauth/password", form: grant("", "username", "ann", "password", right,
			"new_password", "short")}, 400},
	} {
		at := func(host string) answer {
			a := c.ask
			a.host = host
			return s.send(a)
		}
		for _, host := range []string{"acme.localhost", "ACME.anything:80", "shop.acme.example", "localhost", ""} {
			require.Equal(t, c.served, at(host).Status, "%s at %q", name, host)
		}
		refused := 401
		if c.served == 404 {
			refused = 404
		}
		unknown := at("nobody.localhost")
		require.Equal(t, refused, unknown.Status, name)
		for _, host := range []string{"other.localhost", "other.localhost:80", "OTHER.anything", "shop.other.example", "shop.nobody.example", "api.fluent.example"} {
			require.Equal(t, unknown, at(host), "%s at %q", name, host)
		}
	}
}

// withoutTime takes out how long to wait, which goes on falling between two answers.
func withoutTime(a answer) answer {
	if a.Status == http.StatusTooManyRequests {
		a.Body = strings.ReplaceAll(a.Body, " "+a.Header.Get("Retry-After")+" s", "")
		a.Header.Set("Retry-After", "")
		a.Header.Set("Content-Length", "")
	}
	return a
}

// untilRefused sends wrong passwords until one must wait.
func (s *site) untilRefused(source string, name func(i int) string) answer {
	s.t.Helper()
	for i := range 200 {
		if got := s.login(source, name(i), "wrong password"); got.Status == 429 {
			return got
		}
	}
	require.Fail(s.t, "nobody had to wait")
	return answer{}
}

// TestAtOnceNoMoreGuessesPassThanOneByOne sends a hundred wrong passwords and then the right one.
func TestAtOnceNoMoreGuessesPassThanOneByOne(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	before := s.hasher.Work()
	var group sync.WaitGroup
	began := time.Now()
	statuses := make(chan int, 100)
	for i := range 100 {
		group.Go(func() { statuses <- s.login("203.0.113.7", "ann", fmt.Sprint("guess ", i)).Status })
	}
	group.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	require.Equal(t, 100, count[401]+count[429]+count[503], "%v", count)
	allowed := 5
	for left := time.Since(began); left > 0; allowed++ { // a slow machine lets some delays pass
		left -= time.Second << (allowed - 5)
	}
	require.LessOrEqual(t, count[401], allowed, "%v", count)
	require.EqualValues(t, count[401], s.hasher.Work()-before, "who must wait costs no work")
	asked := time.Now()
	refused := s.untilRefused("203.0.113.7", func(int) string { return "ann" })
	wait, err := strconv.Atoi(refused.Header.Get("Retry-After"))
	require.NoError(t, err)
	got := s.login("203.0.113.7", "ann", right)
	if time.Since(asked) < time.Duration(wait-1)*time.Second {
		require.Equal(t, 429, got.Status, "while he must wait, the right password is not even looked at")
	}
	require.Equal(t, "temporarily_unavailable", refused.field("error"))
	require.Contains(t, s.log.String(), `"who":"user ann","source":"203.0.113.7"`)
}

func TestNobodyLocksAUserOutWhereHeLastSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	require.Equal(t, 200, s.login("192.0.2.1", "ann", right).Status)
	for i := range 19 {
		s.login(fmt.Sprintf("203.0.113.%d", i), "ann", "wrong password") // her name, from everywhere
	}
	require.Equal(t, 429, s.untilRefused("203.0.113.200", func(int) string { return "ann" }).Status)
	s.untilRefused("192.0.2.1", func(i int) string { return fmt.Sprint("user", i) }) // every name, from where she is
	require.Equal(t, 200, s.login("192.0.2.1", "ann", right).Status)

	s.untilRefused("192.0.2.1", func(int) string { return "bob" })
	admin := s.login("192.0.2.9", "admin", right).field("access_token")
	require.Equal(t, 403, s.send(ask{path: "/api/v4.1/user/unlock", token: s.login("192.0.2.1", "ann", right).field("access_token"), json: `{"username":"bob"}`}).Status)
	require.Equal(t, 200, s.send(ask{path: "/api/v4.1/user/unlock", token: admin, json: `{"username":"bob"}`}).Status)
	require.EventuallyWithT(t, func(c *assertCollect) { // the other node looks again within a second
		require.Equal(c, 200, s.login("192.0.2.1", "bob", right).Status)
	}, 10*time.Second, 100*time.Millisecond)
	list := s.send(ask{path: "/api/v4.1/user/sign-in-failures?username=ann", method: "GET", token: admin})
	require.Equal(t, 200, list.Status)
	require.Contains(t, list.Body, `"username":"ann","source":"203.0.113.0","times":1,`)
	require.NotContains(t, list.Body, "user1")
	require.Equal(t, 403, s.send(ask{path: "/api/v4.1/user/sign-in-failures", method: "GET", token: s.login("192.0.2.1", "ann", right).field("access_token")}).Status)
}

// TestTheRightClientSecretAlwaysOpens lets somebody spoil a client's name at its own source.
func TestTheRightClientSecretAlwaysOpens(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	wrong := grant("client_credentials", "client_secret", "wrong")
	for range 50 {
		if s.send(ask{path: "/oauth/token", source: "192.0.2.1", form: wrong}).Status == 429 {
			break
		}
	}
	require.Equal(t, 200, s.send(ask{path: "/oauth/token", source: "192.0.2.1", form: grant("client_credentials")}).Status)
	require.Equal(t, 200, s.login("192.0.2.1", "ann", right).Status, "a client's failures are not its users'")
}

// TestAFullDatabaseKeepsNobodyOut makes the table of counts answer as a full disk does.
func TestAFullDatabaseKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.fill()
	for range 10 { // more than may fail
		require.Equal(t, 200, s.login("192.0.2.1", "ann", right).Status)
	}
	refused := s.untilRefused("203.0.113.1", func(int) string { return "ann" })
	require.Equal(t, 429, refused.Status, "guesses are counted in memory")
	require.Equal(t, 200, s.login("192.0.2.1", "ann", right).Status)
	require.Equal(t, 200, s.send(ask{path: "/oauth/token", source: "203.0.113.1", form: grant("client_credentials")}).Status)
	require.Equal(t, 503, s.change("ann", right, "another good one").Status)
	require.Equal(t, 200, s.login("192.0.2.1", "ann", right).Status, "the old one is still good")
}

// TestAnUnlockIsHeardAtEveryNode has a user wait for a quarter of an hour, at nodes that remember it.
func TestAnUnlockIsHeardAtEveryNode(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	admin := s.login("192.0.2.9", "admin", right).field("access_token")
	require.Equal(t, 401, s.login("192.0.2.1", "bob", "wrong password").Status)
	c, err := pgx.Connect(t.Context(), s.dsn)
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), `UPDATE sign_ins SET failures = 15, failed_on = now() WHERE subject = 'user bob' AND source <> ''`)
	require.NoError(t, err)
	require.NoError(t, c.Close(t.Context()))
	at := func(node int) answer {
		return s.send(ask{to: s.urls[node], path: "/oauth/token", source: "192.0.2.1", form: grant("password", "username", "bob", "password", right)})
	}
	for node := range s.urls {
		refused := at(node)
		require.Equal(t, 429, refused.Status)
		wait, err := strconv.Atoi(refused.Header.Get("Retry-After"))
		require.NoError(t, err)
		require.Greater(t, wait, 600)
	}
	require.Equal(t, 200, s.send(ask{to: s.urls[0], path: "/api/v4.1/user/unlock", token: admin, json: `{"username":"bob"}`}).Status)
	require.Equal(t, 200, at(0).Status, "at once where it was done")
	require.EventuallyWithT(t, func(c *assertCollect) { require.Equal(c, 200, at(1).Status) }, time.Minute, 100*time.Millisecond)
}

// TestEveryAttemptLeavesItsPlace counts the places for people who sign in before and after attempts of each kind.
func TestEveryAttemptLeavesItsPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	free := func() (n int) {
		for {
			leave, err := s.hasher.Admit()
			if err != nil {
				return n
			}
			defer leave()
			n++
		}
	}
	before := free()
	require.Positive(t, before)
	require.Equal(t, 200, s.login("192.0.2.1", "ann", right).Status)
	require.Equal(t, 401, s.login("192.0.2.1", "zoe", right).Status)
	s.untilRefused("192.0.2.2", func(int) string { return "bob" })
	require.Equal(t, 400, s.change("ann", right, "short").Status)
	require.Equal(t, before, free())
}

// TestSignInsDelayNobodyAtTheirSource has a hundred users of one source sign in for the first time, as the staff of a new store does.
func TestSignInsDelayNobodyAtTheirSource(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	for i := range 100 {
		who := access.SignIn{Subject: fmt.Sprint("user u", i), Source: "192.0.2.7"}
		reserved, err := access.ReserveSignIn(t.Context(), s.db, scope(t, "ACME"), who)
		require.NoError(t, err)
		require.Zero(t, reserved.Wait, "user %d", i)
		require.NoError(t, access.SucceedSignIn(t.Context(), s.db, scope(t, "ACME"), reserved))
	}
}

// TestCountsOfSignInsAreRemoved has ten subjects fail, one after another, and one succeed.
func TestCountsOfSignInsAreRemoved(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	acme := scope(t, "ACME")
	for i := range 10 {
		_, err := access.ReserveSignIn(t.Context(), s.db, acme, access.SignIn{Subject: fmt.Sprint("user u", i), Source: "192.0.2.7"})
		require.NoError(t, err)
	}
	purge := func(age time.Duration, keep, limit, want int) {
		t.Helper()
		removed, err := access.PurgeSignIns(t.Context(), s.db, acme, age, keep, limit)
		require.NoError(t, err)
		require.Equal(t, want, removed)
	}
	left := func() (subjects []string) {
		list, err := access.FailedSignIns(t.Context(), s.db.Reader(acme), "", 100)
		require.NoError(t, err)
		for _, f := range list {
			subjects = append(subjects, f.Subject)
		}
		return subjects
	}
	require.Len(t, left(), 10)
	purge(time.Hour, 20, 100, 0)
	purge(time.Hour, 7, 10, 10) // an attempt has two rows of the account, of one time: no more than seven are six
	purge(time.Hour, 7, 10, 4)
	require.Equal(t, []string{"user u9", "user u8", "user u7"}, left(), "the latest are kept")

	ann := access.SignIn{Subject: "user ann", Source: "192.0.2.7"}
	reserved, err := access.ReserveSignIn(t.Context(), s.db, acme, ann)
	require.NoError(t, err)
	require.NoError(t, access.SucceedSignIn(t.Context(), s.db, acme, reserved))
	require.NotContains(t, left(), "user ann", "who signed in has not failed")
	purge(time.Hour, 0, 100, 8)
	require.Empty(t, left())
}

// TestEachFailureIsALineInTheLog, with who and from where, also of users and clients that are not there; who signs in is none.
func TestEachFailureIsALineInTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	require.Equal(t, 200, s.login("203.0.113.7", "ann", right).Status)
	require.Equal(t, 401, s.login("203.0.113.8", "ann", "wrong password").Status)
	require.Equal(t, 401, s.login("203.0.113.9", "nobody", right).Status)
	stranger := grant("client_credentials")
	stranger.Set("client_id", "NONE")
	require.Equal(t, 401, s.send(ask{path: "/oauth/token", source: "203.0.113.10", form: stranger}).Status)
	var told []string
	for line := range strings.Lines(s.log.String()) {
		var entry struct{ Msg, Account, Who, Source string }
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		if entry.Who != "" {
			told = append(told, strings.Join([]string{entry.Msg, entry.Account, entry.Who, entry.Source}, "|"))
		}
	}
	require.Equal(t, []string{"sign-in failed|ACME|user ann|203.0.113.8", "sign-in failed|ACME|user nobody|203.0.113.9", "client refused||client NONE|203.0.113.10"}, told)
}

// TestFailuresAreAsManyLinesAsTheLogCanBear: whoever guesses chooses what stands in the log, and must not choose how much.
func TestFailuresAreAsManyLinesAsTheLogCanBear(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.nodes[0].Telling(2)
	for range 4 {
		require.Equal(t, 401, s.login("203.0.113.8", "ann", "wrong password").Status)
	}
	require.Equal(t, 2, strings.Count(s.log.String(), "sign-in failed"))
}

// TestFailuresAreTheAccountsToSee: who may look at the users of one retailer sees none of them.
func TestFailuresAreTheAccountsToSee(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.login("203.0.113.8", "ann", "wrong password")
	require.NoError(t, s.db.Write(t.Context(), scope(t, "ACME"), func(tx *store.Tx) error {
		tx.Update(&security.Role{Row: catalogue.Row{ID: "3"}, Name: "MANAGER", Permissions: []security.Permission{{Name: "USER_VIEW"}}}, store.TypeOf[security.Role](s.db).Field("permissions"))
		return nil
	}))
	list := func(who string) answer {
		return s.send(ask{path: "/api/v4.1/user/sign-in-failures", method: "GET", token: s.login("192.0.2.1", who, right).field("access_token")})
	}
	refused := list("mia")
	require.Equal(t, 403, refused.Status)
	require.NotContains(t, refused.Body, "203.0.113.8")
	s.edit("ACME", "6", func(u *security.User) {
		u.Roles[0].Contexts = []security.RoleContext{{ContextType: "ACCOUNT", ContextID: "0"}}
	})
	s.nodes[0].Forget()
	require.Contains(t, list("mia").Body, "203.0.113.8")
}

// TestAResetUnlocks: who was locked out, and is given a password that serves once, gets in with it from where he was locked out; and who may not
// unlock users does not learn whether there is one.
func TestAResetUnlocks(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.untilRefused("203.0.113.9", func(int) string { return "ann" })
	s.sql("UPDATE sign_ins SET failures = 40, failed_on = now() WHERE account_id = 'ACME' AND subject = 'user ann'") // so that time alone unlocks nobody
	admin := s.login("192.0.2.9", "admin", right).field("access_token")
	require.Equal(t, 429, s.login("203.0.113.9", "ann", right).Status)
	reset := s.send(ask{path: "/api/v4.1/user/password/reset", token: admin, json: `{"username":"ann"}`})
	require.Equal(t, 200, reset.Status, reset.Body)
	in := s.login("203.0.113.9", "ann", reset.field("password"))
	require.Equal(t, "password_change_required", in.field("error"), in.Body)
	clerk := s.login("192.0.2.9", "bob", right).field("access_token")
	for _, name := range []string{"ann", "nobody"} {
		require.Equal(t, 403, s.send(ask{path: "/api/v4.1/user/unlock", token: clerk, json: `{"username":"` + name + `"}`}).Status, name)
	}
}
