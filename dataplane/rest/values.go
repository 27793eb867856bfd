package rest

import (
	"strconv"
	"time"

	"github.com/fluent-oms/fluent/tenancy"
)

// milliseconds prints a moment as jobs and batches show it: 2026-02-05T00:00:01.000Z.
func milliseconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func decimal(r tenancy.RetailerID) string { return strconv.Itoa(int(r)) }
