package setting_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/setting"
)

// about is what declarations say that are of no interest.
func about(name string, from setting.Context) setting.About {
	return setting.About{Name: name, From: from, Doc: "x"}
}

// of holds one setting of the account.
func of(name, value string) setting.Held {
	return setting.Hold([]*foundation.Setting{{Name: name, Context: "ACCOUNT", Value: value}})
}

// TestTheNearestContextWins, beginning with the first that the declaration allows. One that is there and empty counts, and is as good as none.
func TestTheNearestContextWins(t *testing.T) {
	t.Parallel()
	h := setting.Hold([]*foundation.Setting{
		{Name: "S", Context: "GLOBAL", Value: "all"}, {Name: "S", Context: "ACCOUNT", Value: "account"}, {Name: "S", Context: "RETAILER", ContextID: 2, Value: "retailer 2"},
		{Name: "S", Context: "AGENT", ContextID: 7, Value: "location 7"}, {Name: "S", Context: "AGENT", ContextID: 8, Value: ""}, {Name: "S", Context: "CUSTOMER", ContextID: 2, Value: "customer"},
		{Name: "S", Context: "RETAILER", ContextID: 0, Value: "nobody"}, {Name: "ONE", Context: "ACCOUNT", ContextID: 5, Value: "five"}, {Name: "ONE", Context: "ACCOUNT", Value: "none"},
		{Name: "ONE", Context: "ACCOUNT", ContextID: 6, Value: "six"},
	})
	for _, c := range []struct {
		from  setting.Context
		at    setting.Place
		want  string
		given bool
	}{
		{setting.Location, setting.Place{Location: 7, Retailer: 2}, "location 7", true}, {setting.Location, setting.Place{Location: 9, Retailer: 2}, "retailer 2", true},
		{setting.Location, setting.Place{Location: 8, Retailer: 2}, "otherwise", false}, {setting.Location, setting.Place{Retailer: 3}, "account", true},
		{setting.Location, setting.Place{}, "account", true}, {setting.Retailer, setting.Place{Location: 7, Retailer: 2}, "retailer 2", true},
		{setting.Account, setting.Place{Location: 7, Retailer: 2}, "account", true}, {setting.Global, setting.Place{Location: 7, Retailer: 2}, "all", true},
	} {
		s := setting.Text(about("S", c.from), "otherwise")
		got, err := s.Get(h, c.at)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%+v", c)
		_, given, err := s.Lookup(h, c.at)
		require.NoError(t, err)
		require.Equal(t, c.given, given, "%+v", c)
	}
	one, err := setting.Text(about("ONE", setting.Account), "").Get(h, setting.Place{})
	require.NoError(t, err)
	require.Equal(t, "none", one, "contextId 0 before others")
	require.Equal(t, []setting.Context{"RETAILER", "ACCOUNT", "GLOBAL"}, setting.Text(about("S", setting.Retailer), "").Declaration().Contexts)
}

// read gives a value, or the error's text.
func read[T any](s setting.Setting[T], value string) any {
	v, err := s.Get(of(s.Name(), value), setting.Place{})
	if err != nil {
		return err.Error()
	}
	return v
}

// TestValuesAreOfTheirType, or an error names the setting, whose it is and what is wrong.
func TestValuesAreOfTheirType(t *testing.T) {
	t.Parallel()
	acc := func(name string) setting.About { return about(name, setting.Account) }
	boolean, bounded, free := setting.Boolean(acc("B"), true), setting.Whole(acc("W"), setting.Range{Default: 3, Least: 1, Most: 9}), setting.Whole(acc("F"), setting.Range{})
	float, minutes, hours := setting.Number(acc("N"), 50), setting.Duration(acc("M"), setting.Minutes, setting.Range{Default: 60}), setting.Fraction(acc("H"), setting.Hours)
	days, list := setting.Duration(acc("D"), setting.Days, setting.Range{Default: 1, Least: -5}), setting.List(acc("L"), "a", "b")
	shape := setting.JSON(acc("J"), map[string]int{"a": 1})
	for _, c := range []struct{ got, want any }{
		{read(setting.Text(acc("T"), "x"), " y "), " y "}, {read(setting.Text(acc("T"), "x"), ""), "x"},
		{read(boolean, ""), true}, {read(boolean, "FALSE"), false}, {read(boolean, " true"), true}, {read(boolean, "no"), `setting B of ACCOUNT: "no" is neither true nor false`},
		{read(bounded, ""), 3}, {read(bounded, "9"), 9}, {read(bounded, "10"), `setting W of ACCOUNT: "10" is no whole number from 1 to 9`}, {read(bounded, "0"), `setting W of ACCOUNT: "0" is no whole number from 1 to 9`},
		{read(bounded, "2.5"), `setting W of ACCOUNT: "2.5" is no whole number`}, {read(free, "2147483647"), 2147483647}, {read(free, "99999999999999999999"), `setting F of ACCOUNT: "99999999999999999999" is no whole number from 0`},
		{read(float, ""), 50.0}, {read(float, " 0.5 "), 0.5}, {read(float, "NaN"), `setting N of ACCOUNT: "NaN" is no number`}, {read(float, "1e999"), `setting N of ACCOUNT: "1e999" is no number`},
		{read(minutes, ""), time.Hour}, {read(minutes, "5"), 5 * time.Minute}, {read(minutes, "-1"), `setting M of ACCOUNT: "-1" is no whole number of minutes from 0`},
		{read(hours, ""), time.Duration(0)}, {read(hours, "1.5"), 90 * time.Minute}, {read(hours, "-1"), -time.Hour}, {read(hours, "4h"), `setting H of ACCOUNT: "4h" is no number of hours`},
		{read(hours, "1e12"), `setting H of ACCOUNT: "1e12" are more hours than can be counted`}, {read(days, "106751"), 106751 * 24 * time.Hour},
		{read(days, "106752"), `setting D of ACCOUNT: "106752" are more days than can be counted`},
		{read(list, ""), []string{"a", "b"}}, {read(list, "x, y"), []string{"x", "y"}}, {read(list, `["x,y"]`), []string{"x,y"}}, {read(list, "x,,y"), `setting L of ACCOUNT: "x,,y" has an empty entry`},
		{read(shape, ""), map[string]int{"a": 1}}, {read(shape, `{"b":2}`), map[string]int{"b": 2}}, {read(shape, `{"b":2} x`), `setting J of ACCOUNT: "{\"b\":2} x" goes on after its JSON value`},
	} {
		require.Equal(t, c.want, c.got)
	}
	require.Contains(t, read(shape, `{"b":"`+strings.Repeat("ü", 100)+`"}`), `ü…" is not the JSON that is wanted`, "a long value is cut between characters")
}

// TestDocumentsAreForListsAndJSON: a plain setting that is kept in lobValue is an error, not unset.
func TestDocumentsAreForListsAndJSON(t *testing.T) {
	t.Parallel()
	h := setting.Hold([]*foundation.Setting{{Name: "S", Context: "RETAILER", ContextID: 4, LobValue: json.RawMessage(`["x"]`)}})
	_, err := setting.Text(about("S", setting.Retailer), "").Get(h, setting.Place{Retailer: 4})
	require.EqualError(t, err, "setting S of RETAILER 4: it is kept in lobValue: want it in value")
	list, err := setting.List(about("S", setting.Retailer)).Get(h, setting.Place{Retailer: 4})
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, list)
}

// TestAFamilyIsReadByName, and its declaration knows its own.
func TestAFamilyIsReadByName(t *testing.T) {
	t.Parallel()
	f := setting.Families(setting.Text(about("hook.", setting.Account), "none"), "name")
	d := f.Declaration()
	require.Equal(t, "hook.<name>", d.Title())
	require.Equal(t, "at wms", read(f.Named("wms"), "at wms"))
	require.Equal(t, "hook.wms", f.Named("wms").Name())
	require.Same(t, d, f.Named("wms").Declaration())
	for name, covered := range map[string]bool{"hook.wms": true, "hook.": false, "hook": false, "other": false, "": false} {
		require.Equal(t, covered, d.Covers(name), name)
	}
	free := setting.Families(setting.Text(setting.About{From: setting.Account, Doc: "x"}, ""), "any")
	require.False(t, free.Declaration().Covers("any"))
	require.True(t, free.Declaration().Free())
	require.Equal(t, "v", read(free.Named("ANY"), "v"))
}

// TestADeclarationSaysWhatItIsFor, or the program does not start.
func TestADeclarationSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	require.Panics(t, func() { setting.Text(setting.About{Name: "S", From: setting.Account}, "") })
	require.Panics(t, func() { setting.Text(setting.About{Name: "S", Doc: "x"}, "") })
	require.Panics(t, func() { setting.Families(setting.Text(about("S", setting.Account), ""), "") })
}
