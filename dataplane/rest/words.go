package rest

import (
	"maps"
	"slices"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
	"github.com/fluent-oms/fluent/domain/words"
)

// word is a value that is one of those that are known, where it is given.
type word struct {
	place, value string
	known        []string
}

// known notes words that nobody knows.
func (w *wrongs) known(list ...word) {
	for _, x := range list {
		if x.value != "" && !slices.Contains(x.known, x.value) && short(x.place, x.value) == nil {
			w.add(words.Unknown(x.value, x.known).At(x.place))
		}
	}
}

// plain notes names that nobody has given anything, by their places: with blanks at their ends, or control characters. No ruleset and no entity would
// be found, and the sender would wait for what never comes.
func (w *wrongs) plain(names map[string]string) {
	for _, place := range slices.Sorted(maps.Keys(names)) {
		if err := form.Ref.Text(names[place]); err != nil && short(place, names[place]) == nil {
			w.add(fault.Of(err).At(place))
		}
	}
}

// eventTypes are those by which rulesets are found; itemTypes and itemStatuses those of items in the event log.
var (
	eventTypes   = []string{"NORMAL", "EXCEPTION", "GENERATED"}
	itemTypes    = []string{"ORCHESTRATION", "ORCHESTRATION_AUDIT", "API", "INTEGRATION", "SECURITY", "GENERAL"}
	itemStatuses = []string{"PENDING", "SCHEDULED", "NO_MATCH", "SUCCESS", "FAILED", "COMPLETE"}
)

// entityTypes are those that events tell of, sorted.
func (a *API) entityTypes() []string {
	all := []string{"BATCH", "JOB"}
	for _, t := range a.Store.Catalogue().Types() {
		if t.EntityType != "" {
			all = append(all, t.EntityType)
		}
	}
	for _, t := range a.Store.Catalogue().Abstract() {
		if t.EntityType != "" {
			all = append(all, t.EntityType)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
