package demo

import (
	"context"
	"fmt"
	"math"
	"strings"
)

var (
	firstNames = []string{"Olivia", "Noah", "Amelia", "Jack", "Isla", "William", "Mia", "Leo", "Grace", "Henry", "Ruby", "Thomas"}
	lastNames  = []string{"Nguyen", "Smith", "Singh", "Williams", "Papadopoulos", "Chen", "Brown", "Rossi", "Wilson", "Kaur"}
	streets    = []string{"High Street", "Station Road", "Beach Parade", "Park Avenue", "Railway Terrace"}
)

// orders places home deliveries to addresses near the stores.
func (s *Script) orders(ctx context.Context) (int, error) {
	var sellable []product
	for _, p := range products() {
		if p.sellable {
			sellable = append(sellable, p)
		}
	}
	inputs := make([]map[string]any, Orders)
	for i := range inputs {
		inputs[i] = s.order(i, sellable)
	}
	return s.create(ctx, creation{plural: "orders", field: "createOrderAndCustomer", input: "CreateOrderAndCustomerInput", size: 20}, inputs)
}

// order makes the i-th order: one to three lines, delivered a few kilometres from a store.
func (s *Script) order(i int, sellable []product) map[string]any {
	ref := fmt.Sprintf("HD-%04d", i+1)
	near := stores[(i*17)%len(stores)]
	first, last := firstNames[i%len(firstNames)], lastNames[(i*7)%len(lastNames)]
	email := fmt.Sprintf("%s.%s.%d@example.com", strings.ToLower(first), strings.ToLower(last), i+1)
	var items []map[string]any
	total, tax := 0.0, 0.0
	for line := range 1 + i%3 {
		p := sellable[(i*31+line*97)%len(sellable)]
		quantity := 1 + (i+line)%2
		lineTotal, lineTax := cents(p.price*float64(quantity)), cents(p.price*float64(quantity)/10)
		total, tax = total+lineTotal, tax+lineTax
		items = append(items, map[string]any{
			"ref": fmt.Sprintf("%s-%d", ref, line+1), "productRef": p.ref, "productCatalogueRef": s.productCatalogue(),
			"quantity": quantity, "price": p.price, "paidPrice": p.price, "taxPrice": cents(p.price / 10), "taxType": "GST",
			"totalPrice": lineTotal, "totalTaxPrice": lineTax, "currency": "AUD",
		})
	}
	retailer := map[string]any{"id": s.RetailerID}
	return map[string]any{
		"ref": ref, "type": "HD", "retailer": retailer, "items": items,
		"totalPrice": cents(total + 9.95), "totalTaxPrice": cents(tax + 0.99),
		"customer": map[string]any{
			"username": email, "firstName": first, "lastName": last, "primaryEmail": email, "country": "AU",
			"timezone": near.timeZone, "promotionOptIn": i%2 == 0, "retailer": retailer,
		},
		"fulfilmentChoice": map[string]any{
			"deliveryType": "STANDARD", "fulfilmentType": "HD_PFS", "fulfilmentPrice": 9.95, "fulfilmentTaxPrice": 0.99, "currency": "AUD",
			"deliveryAddress": map[string]any{
				"ref": ref, "name": first + " " + last, "street": fmt.Sprintf("%d %s", 1+i%120, streets[i%len(streets)]),
				"city": near.suburb, "state": near.state, "postcode": near.postcode, "country": "AU", "timeZone": near.timeZone,
				"latitude": near.latitude + float64(i%11-5)*0.004, "longitude": near.longitude + float64(i%7-3)*0.005,
			},
		},
	}
}

func cents(v float64) float64 { return math.Round(v*100) / 100 }
