package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/ops/bench/load"
	"github.com/fluent-oms/fluent/ops/bench/rawsql"
	"github.com/fluent-oms/fluent/ops/bench/report"
	"github.com/fluent-oms/fluent/ops/bench/wire"
)

// searching is the bench of searches among very many orders. Making those takes minutes, so "all" leaves it out.
const searching = "search"

// searchPairs is how often API and raw SQL are measured one after the other.
const searchPairs = 5

const searchOrders = `query Search($ref: [String!], $status: [String!], $createdOn: DateRange) {
	orders(first: 50, ref: $ref, status: $status, createdOn: $createdOn) { edges { cursor node { id ref status createdOn } } pageInfo { hasNextPage } } }`

// search reads the first page of 50 of a list of orders by each of some filters, in pairs with the same SELECT.
func (w *world) search(ctx context.Context) error {
	say("making %d orders", w.config.list)
	list, err := w.lab.FillOrders(ctx, w.config.list)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name      string
		filter    rawsql.Filter
		variables func(i int) map[string]any
	}{
		{"status", rawsql.ByStatus, func(i int) map[string]any { return map[string]any{"status": []string{list.Status(i)}} }},
		{"date", rawsql.ByDate, func(i int) map[string]any {
			from, to := list.Dates(i)
			return map[string]any{"createdOn": map[string]any{"from": from.Format(time.RFC3339Nano), "to": to.Format(time.RFC3339Nano)}}
		}},
		{"ref", rawsql.ByRef, func(i int) map[string]any { return map[string]any{"ref": []string{list.Ref(i)}} }},
		{"ref prefix", rawsql.ByPrefix, func(i int) map[string]any { return map[string]any{"ref": []string{list.Prefix(i) + "%"}} }},
	} {
		questions := make([]*wire.Question, 200)
		for i := range questions {
			questions[i] = &wire.Question{Query: searchOrders, Variables: f.variables(i), Check: someOrders}
		}
		var ratios []float64
		var api, raw load.Result
		for range searchPairs {
			plan := load.Plan{Clients: w.config.clients, Duration: w.config.reads}
			if api, err = w.ask(ctx, searching, []string{w.stack.Ready.Gateway}, plan, questions); err != nil {
				return fmt.Errorf("search by %s: %w", f.name, err)
			}
			if raw, err = w.lab.Search(ctx, plan, list, f.filter, len(questions)); err != nil {
				return fmt.Errorf("search by %s: %w", f.name, err)
			}
			ratios = append(ratios, float64(api.Quantile(0.99))/float64(raw.Quantile(0.99)))
		}
		w.report.Latency(searching, "by "+f.name+", last pair,", api, raw)
		w.report.Add(searching, "by "+f.name+": median of the pairs' ratios of p99 (to be 3 at most)", "×", report.Median(ratios))
	}
	return nil
}

// someOrders makes sure that an answer has orders.
func someOrders(data json.RawMessage) error {
	var answer struct {
		Orders struct {
			Edges []struct{ Node struct{ Ref string } }
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("decode orders: %w", err)
	}
	if n := len(answer.Orders.Edges); n == 0 || n > 50 {
		return fmt.Errorf("%d orders", n)
	}
	return nil
}
