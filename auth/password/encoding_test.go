package password

import "testing"

// FuzzParse is inside the package, for stored hashes are read nowhere else: a forged one may not ask for more work than is bounded.
func FuzzParse(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$YQ$YQ")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := parse(s)
		if err == nil && !e.params.bounded() {
			t.Fatalf("%q passed with %+v", s, e.params)
		}
	})
}
