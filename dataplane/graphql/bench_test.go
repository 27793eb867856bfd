package graphql_test

import (
	"fmt"
	"sync/atomic"
	"testing"
)

func BenchmarkCreateOrder(b *testing.B) {
	w := newWorld(b)
	customer := w.shop("P1", "P2")
	var n atomic.Int64
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			res := w.run(w.admin, `mutation($input: CreateOrderInput) { createOrder(input: $input) { id ref status } }`, orderInput(fmt.Sprintf("B-%d", n.Add(1)), customer))
			if len(res.Errors) > 0 {
				b.Error(messages(res))
			}
		}
	})
}

func BenchmarkReadOrder(b *testing.B) {
	w := newWorld(b)
	customer := w.shop("P1", "P2")
	made := w.data(createOrder, orderInput("O-1", customer))
	vars := fmt.Sprintf(`{"id":%q}`, at(made, "createOrder.id"))
	b.ResetTimer()
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			res := w.run(w.admin, `query($id: ID!) { orderById(id: $id) { id ref status totalPrice createdOn attributes { name value } items { edges { node { ref quantity paidPrice } } } fulfilments { edges { node { ref status } } } } }`, vars)
			if len(res.Errors) > 0 {
				b.Error(messages(res))
			}
		}
	})
}
