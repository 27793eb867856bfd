package seal_test

import (
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
