package store

import "testing"

// FuzzDecodeChanges: a row that another build wrote, or that is broken, is read or refused, and takes no more memory than it is long.
func FuzzDecodeChanges(f *testing.F) {
	for _, body := range []string{"", "cNOrder:2:\x01\x02", "uUX:1:0123456789abcdef", "dNX:1:\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "cNOrder:4000000000:", "cN:1:\x01", "xNOrder:1:\x01", "cQOrder:1:\x01", "cNOrder:2:\x01", "cNOrder:-1:"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		groups, err := DecodeChanges(body)
		n := 0
		for _, g := range groups {
			n += len(g.IDs)
		}
		if err == nil && n > len(body) {
			t.Fatalf("%d ids of %d bytes", n, len(body))
		}
	})
}
