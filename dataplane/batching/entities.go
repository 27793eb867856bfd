package batching

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/jobs"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Writer makes and changes entities as mutations would, set-wise. See graphql.Executor.Many.
type Writer interface {
	Many(ctx context.Context, tx *store.Tx, who *tenant.Principal, may manifest.May, list []manifest.Entity) ([]manifest.Made, []*workflow.Event, error)
	// One makes or changes one entity by itself, as the mutation of its type does: what others make is theirs to write.
	One(ctx context.Context, who *tenant.Principal, may manifest.May, x manifest.Entity) manifest.Made
}

// maxLooks is how often a batch of entities looks for what is there: others may make the same between a look and the commit.
const maxLooks = 3

// allows is what an action lets records do.
func allows(action string) manifest.May {
	return manifest.May{Create: action != "UPDATE", Change: action != "CREATE"}
}

// addEntities stores a batch whose records are entities to make or to change, makes and changes them, and completes the batch, in one commit: a caller
// who gets no answer finds neither.
func (s *Service) addEntities(ctx context.Context, scope tenancy.Scope, load *manifest.Load, job *jobs.Job, req Request) (*jobs.Batch, error) {
	switch {
	case req.Event != "":
		return nil, fault.Invalidf("event", "batches of %s become no event: each record is made or changed, and what is new sends CREATE", load.EntityType)
	case load.Alone > 0 && len(req.Records) > load.Alone:
		return nil, fault.Invalidf("entities", "1 to %d records of %s are expected, got %d", load.Alone, load.EntityType, len(req.Records))
	case s.writer == nil || req.Who == nil:
		return nil, fmt.Errorf("batches of %s need a writer and a caller", load.EntityType)
	}
	of := manifest.Batch{Retailer: job.RetailerID, EntityType: load.EntityType, CatalogueRef: req.CatalogueRef}
	list, err := s.entities(ctx, scope, load, of, req.Records)
	if err != nil {
		return nil, err
	}
	id, err := jobs.NewBatchID(ctx, s.db, scope)
	if err != nil {
		return nil, err
	}
	l := &loading{Service: s, req: &req, list: list, rows: make([]jobs.Row, len(list)), batch: &jobs.Batch{
		ID: id, JobID: req.JobID, RetailerID: job.RetailerID, Action: req.Action, EntityType: req.EntityType, Header: req.Header,
	}}
	if load.Alone > 0 {
		l.alone(ctx)
		err = l.commit(ctx, scope, l.store)
	} else {
		err = l.together(ctx, scope)
	}
	if err != nil {
		return nil, fmt.Errorf("add a batch to job %s: %w", req.JobID, err)
	}
	s.nudge(ctx, scope, l.events...)
	_ = s.refresh(ctx, list) // what could not be refreshed is slower until the database does it by itself
	return l.batch, nil
}

// growth counts, by entity type, what was loaded before the planner's statistics were refreshed last, and since.
type growth struct {
	mu            sync.Mutex
	before, since map[string]int
}

// enough is how many records of a type are loaded at least before the planner's statistics of its tables are refreshed.
const enough = 500

// due reports whether so many more records of a type have doubled what was loaded.
func (g *growth) due(entityType string, more int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.since == nil {
		g.before, g.since = map[string]int{}, map[string]int{}
	}
	g.since[entityType] += more
	if g.since[entityType] < max(enough, g.before[entityType]) {
		return false
	}
	g.before[entityType], g.since[entityType] = g.before[entityType]+g.since[entityType], 0
	return true
}

// refresh lets the database know how large the tables have become each time that a node has doubled what it loaded: plans made for small tables take time
// that grows with the square of the records.
func (s *Service) refresh(ctx context.Context, list []manifest.Entity) error {
	counts := map[string]int{}
	for _, x := range list {
		if x.Err == nil {
			counts[x.Type]++
		}
	}
	var tables []*catalogue.Type
	for name, n := range counts {
		if !s.grown.due(name, n) {
			continue
		}
		t := s.db.Catalogue().Type(name)
		tables = append(tables, t)
		for _, f := range t.Create.Input.Fields {
			if f.Children != nil {
				tables = append(tables, f.Children.Of)
			}
		}
	}
	if len(tables) == 0 {
		return nil
	}
	if err := s.db.Analyze(ctx, tables...); err != nil {
		return fmt.Errorf("refresh the statistics of what was loaded: %w", err)
	}
	return nil
}

// commit does something in a transaction that its request has only once.
func (l *loading) commit(ctx context.Context, scope tenancy.Scope, do func(context.Context, *store.Tx) error) error {
	write := l.db.Write
	if 2*len(l.list) >= store.ManyRows { // an entity, and what it is tied to
		write = l.db.WriteMany
	}
	return write(ctx, scope, func(tx *store.Tx) error {
		repeats.Take(tx, l.req.Repeats, string(l.batch.ID))
		return do(ctx, tx)
	})
}

// together makes and changes what the records ask for in the batch's commit. Of what others make again and again meanwhile nothing is made, and each
// record says why.
func (l *loading) together(ctx context.Context, scope tenancy.Scope) (err error) {
	for range maxLooks {
		if err = l.commit(ctx, scope, l.write); !fault.Is(err, fault.Exists) {
			return err
		}
	}
	l.spoil(err)
	return l.commit(ctx, scope, l.store)
}

// entities are what records ask for. Of two with one key the second is refused.
func (s *Service) entities(ctx context.Context, scope tenancy.Scope, load *manifest.Load, of manifest.Batch, records []json.RawMessage) ([]manifest.Entity, error) {
	read := make([]map[string]any, len(records))
	for i, r := range records {
		d := json.NewDecoder(bytes.NewReader(r))
		d.UseNumber()
		if err := d.Decode(&read[i]); err != nil {
			read[i] = nil // it is no object, which the loader says
		}
	}
	list, err := load.Entities(ctx, s.db.Reader(scope), of, read)
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	own := strconv.Itoa(int(of.Retailer))
	for i := range list {
		x := &list[i]
		if read[i] == nil {
			x.Err = fault.Invalidf("", "a record must be a JSON object")
		}
		if named := fmt.Sprint(read[i]["retailerId"]); x.Err == nil && read[i]["retailerId"] != nil && of.Retailer != 0 && named != own {
			x.Err = fault.Invalidf("retailerId", "the batch is retailer %s's", own)
		}
		if x.Err != nil {
			continue
		}
		key := x.Among + fmt.Sprintf(" %q", x.Key)
		if first, twice := seen[key]; twice {
			x.Err = fault.New(fault.Exists, "record %d has the same key", first).WithCode(fault.CodeExists).At("ref")
			continue
		}
		seen[key] = i
	}
	return list, nil
}

// loading is a batch of entities on its way.
type loading struct {
	*Service
	req    *Request
	list   []manifest.Entity
	batch  *jobs.Batch
	rows   []jobs.Row
	events []*workflow.Event
}

// write makes and changes what the records ask for, step by step, and stores the batch.
func (l *loading) write(ctx context.Context, tx *store.Tx) error {
	l.events = nil
	steps := map[int][]int{}
	for i, x := range l.list {
		l.rows[i] = jobs.Row{Number: i, Body: l.req.Records[i]}
		if x.Err != nil {
			l.fail(i, x.Err)
			continue
		}
		steps[x.Step] = append(steps[x.Step], i)
	}
	for _, step := range sorted(steps) {
		if err := l.step(ctx, tx, steps[step]); err != nil {
			return err
		}
	}
	return l.store(ctx, tx)
}

func sorted(steps map[int][]int) []int {
	out := make([]int, 0, len(steps))
	for n := range steps {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

func (l *loading) step(ctx context.Context, tx *store.Tx, at []int) error {
	list := make([]manifest.Entity, len(at))
	for n, i := range at {
		list[n] = l.list[i]
	}
	made, events, err := l.writer.Many(ctx, tx, l.req.Who, allows(l.req.Action), list)
	if err != nil {
		return err
	}
	for n, i := range at {
		l.made(i, made[n])
	}
	l.events = append(l.events, events...)
	return tx.Flush(ctx)
}

// alone makes and changes what the records ask for one by one. What was made is made whether the batch is stored or not: who sends the batch again
// finds it.
func (l *loading) alone(ctx context.Context) {
	for i, x := range l.list {
		l.rows[i] = jobs.Row{Number: i, Body: l.req.Records[i]}
		if x.Err == nil {
			l.made(i, l.writer.One(ctx, l.req.Who, allows(l.req.Action), x))
		} else {
			l.fail(i, x.Err)
		}
	}
}

// made notes what became of a record.
func (l *loading) made(i int, m manifest.Made) {
	if m.Err != nil {
		l.fail(i, m.Err)
		return
	}
	outcome, note := "", ""
	if m.Unchanged {
		outcome = outcomes[0]
	}
	if tell := l.list[i].Note; tell != nil {
		note = tell(m.ID)
	}
	body := l.rows[i].Body
	l.rows[i] = Told(i, m.ID, m.Ref, outcome, note)
	l.rows[i].Body = body
}

// fail notes what is wrong with a record, at its member.
func (l *loading) fail(i int, err error) {
	f := fault.Of(err)
	place := strings.TrimPrefix(strings.TrimPrefix(f.Field, manifest.Place), ".")
	for own, theirs := range l.list[i].Names {
		if rest, is := strings.CutPrefix(place, own); is && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			place = theirs + rest
			break
		}
	}
	failed := Failed(i, f.PlatformCode(), place, f.Detail)
	failed.Body = l.req.Records[i]
	if ref, ok := l.list[i].Input["ref"].(string); ok {
		failed.EntityRef = ref
	}
	l.rows[i] = failed
}

// spoil has all records fail that did not.
func (l *loading) spoil(err error) {
	l.events = nil
	for i, x := range l.list {
		if x.Err == nil {
			l.fail(i, err)
		}
	}
}

func (l *loading) store(ctx context.Context, tx *store.Tx) error {
	if err := jobs.AddDone(ctx, tx, l.batch, l.rows); err != nil {
		return err
	}
	return l.records.log(tx, Batch{ID: l.batch.ID, Job: l.batch.JobID, Retailer: l.batch.RetailerID, Now: tx.Now()})
}
