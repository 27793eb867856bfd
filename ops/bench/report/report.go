// Package report shows what the benchmarks found: a table for people, JSON for programs.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/fluent-oms/fluent/ops/bench/load"
)

// Figure is one measurement, beside raw SQL's where there is one.
type Figure struct {
	Bench   string  `json:"bench"`
	Measure string  `json:"measure"`
	Unit    string  `json:"unit"` // of API and Raw: 1/s, ms, s or × (a ratio)
	API     float64 `json:"api"`
	Raw     float64 `json:"raw,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"` // API / Raw of a rate
}

// Report collects figures in the order of their taking.
type Report struct {
	Machine string    `json:"machine"`
	Taken   time.Time `json:"taken"`
	Figures []Figure  `json:"figures"`
}

// Rate adds how much the API and raw SQL do per second; raw 0 means that there is nothing to compare with.
func (r *Report) Rate(bench, measure string, api, raw float64) {
	f := Figure{Bench: bench, Measure: measure, Unit: "1/s", API: api, Raw: raw}
	if raw > 0 {
		f.Ratio = api / raw
	}
	r.Figures = append(r.Figures, f)
}

// Latency adds the median and the 99th percentile of both.
func (r *Report) Latency(bench, measure string, api, raw load.Result) {
	for _, q := range []struct {
		name string
		of   float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		r.Figures = append(r.Figures, Figure{
			Bench: bench, Measure: measure + " " + q.name, Unit: "ms", API: milliseconds(api.Quantile(q.of)), Raw: milliseconds(raw.Quantile(q.of)),
		})
	}
}

// Add adds one figure that stands for itself.
func (r *Report) Add(bench, measure, unit string, value float64) {
	r.Figures = append(r.Figures, Figure{Bench: bench, Measure: measure, Unit: unit, API: value})
}

// Time adds one duration.
func (r *Report) Time(bench, measure string, took time.Duration) {
	r.Figures = append(r.Figures, Figure{Bench: bench, Measure: measure, Unit: "ms", API: milliseconds(took)})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Table writes the figures for people.
func (r *Report) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "BENCH\tMEASURE\tAPI\tRAW SQL\tUNIT\tRATIO")
	for _, f := range r.Figures {
		raw, ratio := "", ""
		if f.Raw > 0 {
			raw = number(f.Raw)
		}
		if f.Ratio > 0 {
			ratio = fmt.Sprintf("%.3f", f.Ratio)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Bench, f.Measure, number(f.API), raw, f.Unit, ratio)
	}
	return t.Flush()
}

func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// JSON writes the figures for programs.
func (r *Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// Median is the middle value, or the mean of the two in the middle; of no values it is 0.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
