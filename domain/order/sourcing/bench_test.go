package sourcing_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/fluent-oms/fluent/domain/order/sourcing"
)

// world is an order of many lines and a network of many places, each of which holds each product with a chance of so many percent: up to most
// units of it.
func world(lines, places, percent, most, quantity int) *sourcing.Request {
	rnd := rand.New(rand.NewPCG(uint64(lines), uint64(places*percent)))
	r := &sourcing.Request{Destination: &sourcing.Point{Latitude: -33.87, Longitude: 151.21}, Stock: map[string]sourcing.Stock{"BASE:1": {}}}
	for i := range lines {
		r.Needs = append(r.Needs, need(fmt.Sprint(1000+i), fmt.Sprintf("PRODUCT-%03d", i), 1+rnd.IntN(quantity), float64(10+rnd.IntN(90))))
	}
	for i := range places {
		l := sourcing.Location{Ref: fmt.Sprintf("STORE-%04d", i), Type: "STORE", Networks: []string{"NET_ALL", "NET_HD"},
			Point: &sourcing.Point{Latitude: -40 + 20*rnd.Float64(), Longitude: 115 + 35*rnd.Float64()}}
		r.Locations = append(r.Locations, l)
		for _, n := range r.Needs {
			if rnd.IntN(100) < percent {
				r.Stock["BASE:1"].Put(l.Ref, n.ProductRef, sourcing.Units{ATS: 1 + rnd.IntN(most)})
			}
		}
	}
	return r
}

// BenchmarkPrimary decides whole orders: lines × places, and how likely a place has a product. Where few have it, most sets have to be ruled
// out; "none" is an order that no three places can supply.
func BenchmarkPrimary(b *testing.B) {
	for _, c := range []struct {
		name                                   string
		lines, places, percent, most, quantity int
	}{
		{"3x45", 3, 45, 60, 10, 2}, {"3x45-none", 3, 45, 60, 3, 20}, {"3x500", 3, 500, 30, 10, 2}, {"10x500", 10, 500, 60, 10, 2},
		{"10x500-scarce", 10, 500, 25, 4, 2}, {"10x500-rare", 10, 500, 12, 3, 2}, {"10x500-none", 10, 500, 5, 3, 2},
		{"10x1000", 10, 1000, 60, 10, 2}, {"10x1000-rare", 10, 1000, 12, 3, 2}, {"10x500-deep", 10, 500, 90, 8, 20},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, r := sourcing.Default("HD_DEFAULT", 1), world(c.lines, c.places, c.percent, c.most, c.quantity)
			plan, attempts, err := sourcing.Primary(p, r)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := sourcing.Primary(p, r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size(plan)), attempts[len(attempts)-1].Search+"-locations")
		})
	}
}
