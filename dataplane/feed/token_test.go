package feed

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
)

func someToken() *token {
	return &token{seen: time.UnixMicro(1_800_000_000_000_000).UTC(), place: store.FeedPlace{At: time.UnixMicro(1_799_999_999_000_001).UTC(), ID: "0a0b0c0d-0102-8304-8506-0708090a0b0c", Read: 3}}
}

// TestATokenIsOfOneAccountAndItsTypes, and comes back as it went.
func TestATokenIsOfOneAccountAndItsTypes(t *testing.T) {
	t.Parallel()
	plain, all, listing1 := someToken(), someToken(), someToken()
	all.place.Read = store.AllRead
	listing1.list = &listing{of: 1, after: "AQID"}
	for _, want := range []*token{plain, all, listing1} {
		text := want.text("ACME", "A,B")
		got, err := parseToken(text, "ACME", "A,B", 2)
		require.NoError(t, err)
		require.Equal(t, want, got)
		for _, other := range []struct{ account, types string }{{"OTHER", "A,B"}, {"ACME", "A"}, {"ACMEA", ",B"}} {
			_, err = parseToken(text, other.account, other.types, 2)
			require.ErrorIs(t, err, errToken)
		}
	}
	_, err := parseToken(listing1.text("ACME", "A"), "ACME", "A", 1)
	require.ErrorIs(t, err, errToken, "there is no such type to list")
}

// FuzzToken: what is accepted is what was handed out, and nothing panics.
func FuzzToken(f *testing.F) {
	f.Add(someToken().text("ACME", "A"))
	l := someToken()
	l.list = &listing{after: "AQID"}
	f.Add(l.text("ACME", "A"))
	for _, text := range []string{"", "A", "AQ", "start", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", someToken().text("OTHER", "A")} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseToken(text, "ACME", "A", 1)
		if err == nil {
			require.Equal(t, text, got.text("ACME", "A"))
		}
	})
}
