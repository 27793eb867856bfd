package desired

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// FuzzReplay: whatever is in the file, reading it ends, and what it believes is what a file that is written from it says.
func FuzzReplay(f *testing.F) {
	d := draftOf(&View{Incarnation: "one", Index: 1})
	for n := range 3 {
		name := fmt.Sprint("ACCOUNT", n)
		d.put(&nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: name, Hosts: []string{"shop.example"}}}}, false)
		d.put(&nodev1.Resource{Kind: &nodev1.Resource_Configuration{Configuration: &nodev1.Configuration{Account: name, Retailer: 1,
			Artefacts: map[string]string{"workflow/ORDER::HD/1": "odd"}}}}, false)
	}
	var whole bytes.Buffer
	_, err := writeSnapshot(&whole, d.finish())
	require.NoError(f, err)
	text, err := appendRecord(whole.Bytes(), &nodev1.WatchResponse{Frame: &nodev1.WatchResponse_Change{Change: &nodev1.Change{Index: 2,
		Deleted: true, Resource: &nodev1.Resource{Kind: &nodev1.Resource_Account{Account: &nodev1.Account{Name: "ACCOUNT1"}}}}}})
	require.NoError(f, err)
	f.Add(text)
	f.Add(text[:len(text)-3])
	f.Add(append(text[:whole.Len():whole.Len()], text[whole.Len()+1:]...))
	f.Add([]byte(mark + "\xff\xff\xff\xff"))
	f.Add([]byte("\x05nonsense"))
	f.Fuzz(func(t *testing.T, text []byte) {
		read := func(text []byte) (*State, error) {
			s := &State{}
			s.current.Store(&View{})
			in := bufio.NewReader(bytes.NewReader(text))
			if !bytes.HasPrefix(text, []byte(mark)) {
				return s, s.readOld(in)
			}
			return s, s.replay(bytes.NewReader(text), in, int64(len(text)))
		}
		s, err := read(text)
		if err != nil {
			require.ErrorIs(t, err, errDamaged)
			require.Zero(t, s.View().accounts.len(), "nothing of it is believed")
			return
		}
		var out bytes.Buffer
		size, err := writeSnapshot(&out, s.View())
		require.NoError(t, err)
		require.EqualValues(t, out.Len(), size)
		again, err := read(out.Bytes())
		require.NoError(t, err)
		require.NoError(t, again.found)
		require.Equal(t, s.View().Index, again.View().Index)
		require.Equal(t, s.View().Incarnation, again.View().Incarnation)
		require.Equal(t, s.View().accounts.len(), again.View().accounts.len())
		require.Equal(t, s.View().configurations.len(), again.View().configurations.len())
		require.Len(t, again.View().peers, len(s.View().peers))
	})
}
