package door

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies says whose word on a client's address is believed. The zero value believes nobody: a client is then who opened the connection.
type Proxies struct {
	Networks []netip.Prefix // of proxies in front of this process
	// Known reports whether the peer of a connection is one of our own processes, which passes its client's address on. May be nil.
	Known func(r *http.Request, peer netip.Addr) bool
}

// ParseProxies reads a list of addresses and networks (10.0.0.0/8,192.0.2.7), as a setting gives it; an empty one is no proxy.
func ParseProxies(list string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		network, err := netip.ParsePrefix(part)
		if err != nil {
			address, notAddress := netip.ParseAddr(part)
			if notAddress != nil {
				return nil, fmt.Errorf("trusted proxy %q: want an address or a network, as 192.0.2.7 or 10.0.0.0/8: %w", part, err)
			}
			network = netip.PrefixFrom(plain(address), plain(address).BitLen())
		}
		if mapped := network.Addr(); mapped.Is4In6() && network.Bits() >= 96 {
			network = netip.PrefixFrom(mapped.Unmap(), network.Bits()-96)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// plain takes off what makes two notations of one address differ: the zone, and the mapping of IPv4 into IPv6.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func (p Proxies) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p.Networks, func(n netip.Prefix) bool { return n.Contains(a) })
}

// Shared reports whether an address is a proxy's that is believed: many clients come from there.
func (p Proxies) Shared(a netip.Addr) bool { return p.trusts(plain(a)) }

// Source is the address of the client that a request comes from: of the connection's peer, or, where that is a proxy that is believed, of
// the last hop that X-Forwarded-For (else Forwarded) names before proxies that are believed. Whatever stands further left, the client may
// have written. A hop that is no address ends the walk at the proxy that told of it. Where both headers are there and disagree, one of them
// is the client's own, and the peer is taken. The zero address stands for a peer that has none, as a Unix socket's.
func (p Proxies) Source(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer := plain(at.Addr())
	listed, standard := r.Header["X-Forwarded-For"], r.Header["Forwarded"]
	if len(listed) == 0 && len(standard) == 0 || !p.trusts(peer) && (p.Known == nil || !p.Known(r, peer)) {
		return peer
	}
	switch {
	case len(standard) == 0:
		return p.walk(peer, hops(listed))
	case len(listed) == 0:
		return p.walk(peer, forwardedFor(strings.Join(standard, ",")))
	}
	one, other := p.walk(peer, hops(listed)), p.walk(peer, forwardedFor(strings.Join(standard, ",")))
	if one != other {
		return peer
	}
	return one
}

// hops are the parts of a header's lines. One line of one part, as our own gateways send it, is that already.
func hops(lines []string) []string {
	if len(lines) == 1 && strings.IndexByte(lines[0], ',') < 0 {
		return lines
	}
	return strings.Split(strings.Join(lines, ","), ",")
}

// walk goes over hops from the right for as long as proxies that are believed tell of them.
func (p Proxies) walk(source netip.Addr, hops []string) netip.Addr {
	for _, hop := range slices.Backward(hops) {
		address, ok := hopAddress(strings.TrimSpace(hop))
		if !ok {
			return source
		}
		if source = address; !p.trusts(source) {
			return source
		}
	}
	return source
}

// hopAddress reads an address with or without a port and brackets. Proxies that hide their clients write "unknown" or _names.
func hopAddress(hop string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return plain(at.Addr()), true
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		if hop, ok = strings.CutSuffix(inner, "]"); !ok {
			return netip.Addr{}, false
		}
	}
	address, err := netip.ParseAddr(hop)
	return plain(address), err == nil
}

// forwardedFor lists the for= values of a Forwarded header (RFC 7239), one for each hop, empty for hops that tell none. What is not well
// formed makes the hop unknown in which it stands.
func forwardedFor(header string) []string {
	var hops []string
	for _, element := range outsideQuotes(header, ',') {
		hop := ""
		for _, pair := range outsideQuotes(element, ';') {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "for") {
				hop = unquoted(value)
			}
		}
		hops = append(hops, hop)
	}
	return hops
}

// outsideQuotes cuts a text at a separator, but not within quoted strings.
func outsideQuotes(text string, separator byte) []string {
	var parts []string
	quoted, begin := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == separator && !quoted:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}

func unquoted(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	return strings.ReplaceAll(value[1:len(value)-1], `\`, "") // an address needs no backslash
}

// Group is the key under which limits count a source: an IPv4 address, or the /64 of an IPv6 one, since whoever has one address there has
// all of them. "unknown" stands for the zero address.
func Group(source netip.Addr) string {
	switch of := group(source); {
	case !of.IsValid():
		return "unknown"
	case of.IsSingleIP():
		return of.Addr().String()
	default:
		return of.String()
	}
}

// group is the network that Group names; the zero one for the zero address.
func group(source netip.Addr) netip.Prefix {
	source = plain(source)
	bits := 64
	if source.Is4() {
		bits = 32
	}
	of, _ := source.Prefix(bits) // fails for the zero address only
	return of
}

type sourceKey struct{}

// sourced is a context that carries a source.
type sourced struct {
	context.Context
	source netip.Addr
}

// Value implements context.Context.
func (s *sourced) Value(key any) any {
	if key == (sourceKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// NewContext returns a context that carries the source of a request.
func NewContext(ctx context.Context, source netip.Addr) context.Context {
	return &sourced{ctx, source}
}

// SourceOf is the address of the client that a request comes from; the zero address where nobody noted one.
func SourceOf(ctx context.Context) netip.Addr {
	if s, ok := ctx.Value(sourceKey{}).(*sourced); ok {
		return s.source
	}
	return netip.Addr{}
}

// Handler notes the source of each request in its context.
func (p Proxies) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), p.Source(r))))
	})
}
