package door_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/door"
)

func proxies(t *testing.T, list string) door.Proxies {
	t.Helper()
	networks, err := door.ParseProxies(list)
	require.NoError(t, err)
	return door.Proxies{Networks: networks}
}

func TestTheSourceIsTheLastHopThatNoBelievedProxyIs(t *testing.T) {
	t.Parallel()
	p := proxies(t, "10.0.0.0/8, 2001:db8:1::/48,::ffff:192.0.2.1")
	for _, c := range []struct {
		name, peer       string
		listed, standard []string
		want             string
	}{
		{"no proxy", "203.0.113.9:4000", nil, nil, "203.0.113.9"},
		{"a client's own word", "203.0.113.9:4000", []string{"1.1.1.1"}, []string{"for=1.1.1.1"}, "203.0.113.9"},
		{"a proxy that says nothing", "10.0.0.1:4000", nil, nil, "10.0.0.1"},
		{"a proxy", "10.0.0.1:4000", []string{"203.0.113.9"}, nil, "203.0.113.9"},
		{"a proxy that is one address", "192.0.2.1:4000", []string{"203.0.113.9"}, nil, "203.0.113.9"},
		{"its neighbour", "192.0.2.2:4000", []string{"203.0.113.9"}, nil, "192.0.2.2"},
		{"what the client wrote before", "10.0.0.1:4000", []string{"1.1.1.1, 203.0.113.9"}, nil, "203.0.113.9"},
		{"in lines of their own", "10.0.0.1:4000", []string{"1.1.1.1", "203.0.113.9"}, nil, "203.0.113.9"},
		{"two proxies", "10.0.0.1:4000", []string{"203.0.113.9, 10.9.9.9"}, nil, "203.0.113.9"},
		{"proxies all the way", "10.0.0.1:4000", []string{"10.0.0.3,10.0.0.2"}, nil, "10.0.0.3"},
		{"a hop that hides", "10.0.0.1:4000", []string{"203.0.113.9, unknown"}, nil, "10.0.0.1"},
		{"a hop that hides behind two", "10.0.0.1:4000", []string{"unknown, 10.0.0.2"}, nil, "10.0.0.2"},
		{"an empty hop", "10.0.0.1:4000", []string{"203.0.113.9,"}, nil, "10.0.0.1"},
		{"with a port", "10.0.0.1:4000", []string{"203.0.113.9:5555"}, nil, "203.0.113.9"},
		{"IPv6", "[2001:db8:1::5]:4000", []string{"2001:db8:2::7"}, nil, "2001:db8:2::7"},
		{"IPv6 in brackets", "[2001:db8:1::5]:4000", []string{"[2001:db8:2::7]"}, nil, "2001:db8:2::7"},
		{"IPv6 with a port", "[2001:db8:1::5]:4000", []string{"[2001:db8:2::7]:80"}, nil, "2001:db8:2::7"},
		{"a zone", "[fe80::1%eth0]:4000", nil, nil, "fe80::1"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:4000", []string{"::ffff:203.0.113.9"}, nil, "203.0.113.9"},
		{"the standard's header", "10.0.0.1:4000", nil, []string{`for=203.0.113.9;proto=https;by=10.0.0.1`}, "203.0.113.9"},
		{"quoted, IPv6, with a port", "10.0.0.1:4000", nil, []string{`for=1.1.1.1, proto=https;FOR="[2001:db8:2::7]:4711"`}, "2001:db8:2::7"},
		{"a comma within quotes", "10.0.0.1:4000", nil, []string{`for="1.1.1.1, for=2.2.2.2"`}, "10.0.0.1"},
		{"an escaped quote", "10.0.0.1:4000", nil, []string{`by="\",x";for="203.0.113.9"`}, "203.0.113.9"},
		{"a quote that never ends", "10.0.0.1:4000", nil, []string{`for=203.0.113.9, for="1.1.1.1`}, "10.0.0.1"},
		{"a name", "10.0.0.1:4000", nil, []string{`for=_hidden`}, "10.0.0.1"},
		{"an element without for", "10.0.0.1:4000", nil, []string{`for=203.0.113.9, proto=http`}, "10.0.0.1"},
		{"both, at one", "10.0.0.1:4000", []string{"203.0.113.9"}, []string{"for=203.0.113.9"}, "203.0.113.9"},
		{"both, at odds", "10.0.0.1:4000", []string{"203.0.113.9"}, []string{"for=1.1.1.1"}, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		if c.listed != nil {
			r.Header["X-Forwarded-For"] = c.listed
		}
		if c.standard != nil {
			r.Header["Forwarded"] = c.standard
		}
		require.Equal(t, c.want, p.Source(r).String(), c.name)
	}
}

func TestOurOwnProcessesAreKnownByMoreThanNetworks(t *testing.T) {
	t.Parallel()
	gateway := netip.MustParseAddr("127.0.0.1")
	p := door.Proxies{Known: func(_ *http.Request, peer netip.Addr) bool { return peer == gateway }}
	r := &http.Request{RemoteAddr: "127.0.0.1:1", Header: http.Header{"X-Forwarded-For": {"203.0.113.9"}}}
	require.Equal(t, "203.0.113.9", p.Source(r).String())
	r.RemoteAddr = "127.0.0.2:1"
	require.Equal(t, "127.0.0.2", p.Source(r).String())
	require.False(t, p.Source(&http.Request{RemoteAddr: "@"}).IsValid())
}

func TestLimitsCountByGroupsOfAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9", "2001:db8:2:3:4:5:6:7": "2001:db8:2:3::/64", "fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, door.Group(netip.MustParseAddr(address)), address)
	}
	require.Equal(t, "unknown", door.Group(netip.Addr{}))
}

func TestListsOfProxiesAreRead(t *testing.T) {
	t.Parallel()
	networks, err := door.ParseProxies(" 10.1.2.3/8,,192.0.2.7 ")
	require.NoError(t, err)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}, networks)
	none, err := door.ParseProxies("")
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = door.ParseProxies("10.0.0.0/8,proxy.example")
	require.ErrorContains(t, err, `"proxy.example"`)
}
