package report_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/ops/bench/load"
	"github.com/fluent-oms/fluent/ops/bench/report"
)

func TestRatesHaveRatiosAndTimesHaveNone(t *testing.T) {
	t.Parallel()
	var r report.Report
	r.Rate("orders", "orders", 500, 2000)
	r.Latency("orders", "createOrder", load.Of(time.Second, []time.Duration{3 * time.Millisecond}), load.Result{})
	r.Time("start", "first", 2*time.Second)

	var table, document strings.Builder
	require.NoError(t, r.Table(&table))
	require.Contains(t, table.String(), "0.250")
	require.Contains(t, table.String(), "createOrder p99")
	require.NoError(t, r.JSON(&document))
	var back report.Report
	require.NoError(t, json.Unmarshal([]byte(document.String()), &back))
	require.Len(t, back.Figures, 4)
	require.InDelta(t, 2000, back.Figures[3].API, 0.01)
}

func TestMedian(t *testing.T) {
	t.Parallel()
	require.Zero(t, report.Median(nil))
	require.InDelta(t, 2.0, report.Median([]float64{9, 1, 2}), 0)
	require.InDelta(t, 3.0, report.Median([]float64{9, 1, 2, 4}), 0)
}
