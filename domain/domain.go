// Package domain assembles what the platform is about: the catalogue of all entity types.
package domain

import (
	"sync"

	"github.com/fluent-oms/fluent/domain/availability"
	"github.com/fluent-oms/fluent/domain/billing"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/payment"
	"github.com/fluent-oms/fluent/domain/returns"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/shipping"
	"github.com/fluent-oms/fluent/domain/storefulfilment"
)

// Specs lists the parts of the catalogue, a package's each.
func Specs() []catalogue.Spec {
	return []catalogue.Spec{
		foundation.Spec(), security.Spec(), inventory.Spec(), order.Spec(), storefulfilment.Spec(), shipping.Spec(),
		availability.Spec(), returns.Spec(),
		billing.Spec(), payment.Spec(),
	}
}

// Catalogue is the catalogue of all entity types, derived once. It panics on a wrong declaration: a programmer's error, which
// the tests of every package find.
var Catalogue = sync.OnceValue(func() *catalogue.Catalogue {
	c, err := catalogue.New(Specs()...)
	if err != nil {
		panic(err)
	}
	return c
})
