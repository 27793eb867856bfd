package privacy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOthersWordsStay: what several people may be called goes where a row is the person's, and stays everywhere else.
func TestOthersWordsStay(t *testing.T) {
	t.Parallel()
	v := Values{}
	for _, text := range []string{"Ann", "2026", "ann@example.com", "+61 400 123 456", "12 High Street", "x", "erased-7", "Perth"} {
		v.add(text, false)
	}
	v.add("annabel", true)
	require.Equal(t, Values{Strong: []string{"ann@example.com", "+61 400 123 456", "12 High Street", "annabel"}, Weak: []string{"Ann", "2026", "Perth"}}, v)
	s := NewScrubber(v, map[string]bool{"firstName": true})
	for _, c := range []struct {
		text        string
		own, others string
	}{
		{"Ann Ann, Annette", "erased erased, Annette", "Ann Ann, Annette"},
		{"ANN@example.com called", "erased called", "erased called"},
		{"2026-11-28T02:00:00Z", "2026-11-28T02:00:00Z", "2026-11-28T02:00:00Z"},
		{"in Perth 2026", "in erased erased", "in Perth 2026"},
		{"at 12 high street", "at erased", "at erased"},
		{"nothing", "nothing", "nothing"},
	} {
		require.Equal(t, c.own, s.Text(c.text, true), c.text)
		require.Equal(t, c.others, s.Text(c.text, false), c.text)
	}
	value := func() any {
		return map[string]any{"firstName": "Bo", "n": 7.0, "list": []any{map[string]any{"name": "firstName", "value": "Bo"}, map[string]any{"name": "size", "value": "XL"}}, "ann@example.com": "x"}
	}
	got, changed := s.JSON(value(), true)
	require.True(t, changed)
	require.Equal(t, map[string]any{"firstName": erased, "n": 7.0, "list": []any{map[string]any{"name": "firstName", "value": erased}, map[string]any{"name": "size", "value": "XL"}}, erased: "x"}, got)
	again, changed := s.JSON(got, true)
	require.False(t, changed, "what is erased stays as it is: %v", again)
	got, changed = s.JSON(value(), false)
	require.True(t, changed)
	require.Equal(t, "Bo", got.(map[string]any)["firstName"])
}
