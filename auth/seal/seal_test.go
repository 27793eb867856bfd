package seal_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/seal"
)

func box(t *testing.T, purpose string, keys ...seal.Key) *seal.Box {
	t.Helper()
	b, err := seal.NewBox(purpose, keys...)
	require.NoError(t, err)
	return b
}

// TestWhatIsSealedOpensForItsPurposeAlone, by each node that has the key, and only as it was.
func TestWhatIsSealedOpensForItsPurposeAlone(t *testing.T) {
	t.Parallel()
	one, two := seal.NewKey(), seal.NewKey()
	sealed := box(t, "codes", one).Seal("ACME", []byte("secret"))
	require.NotContains(t, sealed, "secret")
	require.NotEqual(t, sealed, box(t, "codes", one).Seal("ACME", []byte("secret")))
	for _, b := range []*seal.Box{box(t, "codes", one), box(t, "codes", one, two)} {
		plain, err := b.Open("ACME", sealed)
		require.NoError(t, err)
		require.Equal(t, "secret", string(plain))
	}
	require.NotEqual(t, one.ID, two.ID)
	for what, open := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return box(t, "cookies", one).Open("ACME", sealed) },
		"another account": func() ([]byte, error) { return box(t, "codes", one).Open("OTHER", sealed) },
		"another key":     func() ([]byte, error) { return box(t, "codes", two).Open("ACME", sealed) },
		"a key of the same name": func() ([]byte, error) {
			return box(t, "codes", seal.Key{ID: one.ID, Secret: two.Secret}).Open("ACME", sealed)
		},
		"cut":   func() ([]byte, error) { return box(t, "codes", one).Open("ACME", sealed[:len(sealed)-2]) },
		"empty": func() ([]byte, error) { return box(t, "codes", one).Open("ACME", one.ID+".") },
		"noise": func() ([]byte, error) { return box(t, "codes", one).Open("ACME", one.ID+".!!!!") },
	} {
		_, err := open()
		require.ErrorIs(t, err, seal.ErrNotOurs, what)
	}
	_, err := seal.NewBox("codes")
	require.Error(t, err)
	_, err = seal.NewBox("codes", seal.Key{ID: "x", Secret: []byte("short")})
	require.Error(t, err)
}

// TestKeysOfAFile: one a line; what is no key is named by its line and not shown.
func TestKeysOfAFile(t *testing.T) {
	t.Parallel()
	one, two := base64.StdEncoding.EncodeToString(seal.NewKey().Secret), base64.StdEncoding.EncodeToString(seal.NewKey().Secret)
	keys, err := seal.ParseKeys(one + "\n\n  " + two + "\r\n")
	require.NoError(t, err)
	require.Len(t, keys, 2)
	again, err := seal.ParseKeys(two)
	require.NoError(t, err)
	require.Equal(t, keys[1:], again, "a key has the same id wherever it stands")
	older, err := seal.NewBox("x", keys[0])
	require.NoError(t, err)
	both, err := seal.NewBox("x", keys...)
	require.NoError(t, err)
	sealed := older.Seal("me", []byte("text"))
	require.True(t, older.Newest(sealed))
	require.False(t, both.Newest(sealed))
	for _, wrong := range []string{"", "\n", one + "\nsecret", one[:20], one + two} {
		_, err := seal.ParseKeys(wrong)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
		require.NotContains(t, err.Error(), one[:20])
	}
	_, err = seal.ParseKeys(one + "\nsecret")
	require.ErrorContains(t, err, "line 2")
}
