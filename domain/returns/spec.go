// Package returns is about goods that come back.
package returns

import "github.com/fluent-oms/fluent/domain/catalogue"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Objects: []catalogue.ObjectSpec{
			{Name: "ReturnOrderLink", Fields: []string{"ref: String", "retailer: RetailerLink"}, Doc: "A return order by its ref and its retailer's id."},
			{Name: "ReturnOrderItemLink", Fields: []string{"ref: String", "returnOrder: ReturnOrderLink"}, Doc: "A line of a return order by its ref."},
		},
		Inputs: []catalogue.InputSpec{
			{Name: "ReturnOrderLinkInput", Fields: []string{"ref: String! max=100", "retailer: RetailerLinkInput!"}},
			{Name: "ReturnOrderItemLinkInput", Fields: []string{"ref: String! max=100", "returnOrder: ReturnOrderLinkInput"}},
		},
	}
}
