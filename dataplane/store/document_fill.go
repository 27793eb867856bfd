package store

import (
	"context"
	"encoding/binary"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Documents are written in the background, some at a time and by one goroutine of a node, which ends when there is nothing to do: with the connections
// that are set aside, so requests never wait for it.
const (
	fillsWaiting = 1024
	fillsAtOnce  = 32
	fillTime     = 10 * time.Second
	// fillRows is how many rows hang on one row of a document at most: with more it is too long.
	fillRows = 1000
)

// One snapshot of versions, roots and what hangs on them. CockroachDB has it at each isolation.
const (
	sqlBeginSnapshot     = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	sqlBeginSerializable = `BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY`
	sqlSnapshotTime      = `SELECT now()`
)

type fillJob struct {
	of      *documented
	account tenancy.AccountID
	id      int64
}

func (j fillJob) hint() string { return strconv.FormatInt(j.id, 10) }

// documentFiller has documents written.
type documentFiller struct {
	ctx  context.Context
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	waiting []fillJob
	running bool

	wrote, analyze int // documents that this node has written; at how many it looks at the statistics. Of the goroutine that fills
}

func newDocumentFiller() *documentFiller {
	f := &documentFiller{analyze: 16}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// close ends the work under way.
func (f *documentFiller) close() {
	f.stop()
	f.mu.Lock()
	f.waiting, f.running = nil, true // nothing begins any more
	f.mu.Unlock()
	f.done.Wait()
}

// ask has a document written. Where too many wait it is left: who reads the root next asks again.
func (f *documentFiller) ask(db *DB, job fillJob) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) >= fillsWaiting || f.ctx.Err() != nil {
		return
	}
	db.hints.set(job.account, job.hint(), hintFilled)
	f.waiting = append(f.waiting, job)
	if !f.running {
		f.running = true
		f.done.Add(1)
		go f.run(db)
	}
}

func (f *documentFiller) run(db *DB) {
	defer f.done.Done()
	for {
		jobs := f.next()
		if len(jobs) == 0 {
			return
		}
		ids := make([]int64, len(jobs))
		for i, job := range jobs {
			ids[i] = job.id
		}
		ctx, cancel := context.WithTimeout(f.ctx, fillTime)
		wrote, long, err := db.fill(ctx, jobs[0].of, jobs[0].account, ids)
		if f.wrote += wrote; err == nil && f.wrote >= f.analyze {
			f.analyze *= 2
			err = db.analyzeFew(ctx, jobs[0].of)
		}
		cancel()
		if err != nil && f.ctx.Err() == nil {
			db.opts.Logger.Log(ctx, slog.LevelWarn, "documents were not written", "account", string(jobs[0].account), "documents", len(jobs), "error", err)
			db.opts.Metrics.document("failed", len(jobs))
		}
		for _, job := range jobs {
			to := hintRead
			if slices.Contains(long, job.id) {
				to = hintLong
			}
			db.hints.set(job.account, job.hint(), to)
		}
	}
}

// next takes jobs of one account; none: there is nothing to do.
func (f *documentFiller) next() (jobs []fillJob) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var rest []fillJob
	for _, job := range f.waiting {
		if len(jobs) < fillsAtOnce && (len(jobs) == 0 || job.account == jobs[0].account && job.of == jobs[0].of) {
			if !slices.Contains(jobs, job) {
				jobs = append(jobs, job)
			}
			continue
		}
		rest = append(rest, job)
	}
	f.waiting = rest
	f.running = len(jobs) > 0 || f.ctx.Err() != nil
	return jobs
}

// fewDocuments is how many documents a table has whose statistics are refreshed by who makes it grow. The server sees to larger ones in time.
const fewDocuments = 10_000

// analyzeFew refreshes the planner's statistics of a table that has few documents. When it was analysed while it was empty, it is read from end to end,
// by plans that are kept until it is analysed again.
func (db *DB) analyzeFew(ctx context.Context, d *documented) error {
	var rows int64
	few := call{name: d.tree.Table + ".count", sql: d.texts.count, args: []any{int64(fewDocuments)}, rows: func(found pgx.Rows) error {
		for found.Next() {
			rows = wireInt(found.RawValues()[0])
		}
		return found.Err()
	}}
	if err := db.autocommit(ctx, db.aside, everyAccount, []call{few}); err != nil || rows >= fewDocuments {
		return err
	}
	return db.analyze(ctx, []string{"ANALYZE " + d.tree.Table})
}

// fill writes the documents of roots, of which there may be none, and tells how many it wrote and which would be too long.
func (db *DB) fill(ctx context.Context, d *documented, account tenancy.AccountID, ids []int64) (wrote int, long []int64, err error) {
	f := &filling{db: db, of: d, account: account, versions: map[int64]int64{}}
	if f.scope, err = tenancy.NewScope(account); err != nil {
		return 0, nil, err
	}
	if err := db.snapshot(ctx, account, func(send func(context.Context, []call) error) error { return f.read(ctx, ids, send) }); err != nil {
		return 0, nil, err
	}
	var known, versions, fresh []int64
	var bodies, first [][]byte
	for _, root := range f.roots {
		body, ok := root.body(d, f.as)
		if !ok {
			long = append(long, root.id)
			continue
		}
		if version, there := f.versions[root.id]; there {
			known, versions, bodies = append(known, root.id), append(versions, version), append(bodies, body)
		} else {
			fresh, first = append(fresh, root.id), append(first, body)
		}
	}
	var calls []call
	count := func(tag pgconn.CommandTag) error { wrote += int(tag.RowsAffected()); return nil }
	if len(known) > 0 {
		calls = append(calls, call{name: d.tree.Table + ".write", sql: d.texts.write, args: []any{string(account), known, versions, bodies}, done: count})
	}
	if len(fresh) > 0 {
		calls = append(calls, call{name: d.tree.Table + ".add", sql: d.texts.add, args: []any{string(account), fresh, first}, done: count})
	}
	if len(calls) == 0 {
		return 0, long, nil
	}
	err = db.autocommit(ctx, db.aside, string(account), calls)
	db.opts.Metrics.document("written", wrote)
	db.opts.Metrics.document("overtaken", len(known)+len(fresh)-wrote)
	return wrote, long, err
}

// snapshot reads in a transaction that sees one state of the database.
func (db *DB) snapshot(ctx context.Context, account tenancy.AccountID, read func(send func(context.Context, []call) error) error) error {
	c, err := db.acquire(ctx, db.aside)
	if err != nil {
		return err
	}
	defer c.Release()
	own := &txConn{hooked: hooked{pg: c.Conn(), hook: db.opts.Hook, at: Place{Account: account}}, begin: sqlBeginSnapshot, account: string(account),
		writing: &writing{db: db, account: account}}
	defer own.rollback(ctx)
	if db.engine == CockroachDB {
		if _, err := c.Exec(ctx, sqlBeginSerializable); err != nil {
			return err
		}
		own.begun = true
	}
	return db.translate(read(own.send))
}

// filling reads what some documents are made of.
type filling struct {
	db       *DB
	of       *documented
	account  tenancy.AccountID
	scope    tenancy.Scope
	as       int64 // when, in microseconds since 1970
	versions map[int64]int64
	roots    []*documentRow
}

// documentRow is a row of a document to be, with what hangs on it.
type documentRow struct {
	id    int64
	row   []byte // as appendRow writes it
	below [][]*documentRow
	long  bool // there is more below it than a document has
}

// read reads versions and roots, then branch by branch what hangs on them: a round trip for each level.
func (f *filling) read(ctx context.Context, ids []int64, send func(context.Context, []call) error) error {
	root := f.of.root()
	texts := make([]any, len(ids))
	for i, id := range ids {
		texts[i] = catalogue.ID(strconv.FormatInt(id, 10))
	}
	rows := make([][]*documentRow, len(f.of.branches))
	first, err := f.branch(root, Query{Type: root.model.typ, Where: []Condition{{Field: root.model.id.field, Op: In, Values: texts}}}, nil, &rows[0])
	if err != nil {
		return err
	}
	versions := call{name: f.of.tree.Table + ".versions", sql: f.of.texts.versions, args: []any{string(f.account), ids}, rows: func(found pgx.Rows) error {
		clear(f.versions)
		for found.Next() {
			raw := found.RawValues()
			f.versions[wireInt(raw[0])] = wireInt(raw[1])
		}
		return found.Err()
	}}
	now := call{name: "now", sql: sqlSnapshotTime, rows: func(found pgx.Rows) error {
		for found.Next() {
			f.as = wireMicros(found.RawValues()[0])
		}
		return found.Err()
	}}
	if err := send(ctx, []call{now, versions, first}); err != nil {
		return err
	}
	f.roots = rows[0]
	for level := []*documentBranch{root}; len(level) > 0; {
		var calls []call
		var next []*documentBranch
		for _, above := range level {
			for _, b := range above.below {
				next = append(next, b)
				c, err := f.below(b, rows[above.number], &rows[b.number])
				if err != nil {
					return err
				}
				calls = append(calls, c...)
			}
		}
		if len(calls) > 0 {
			if err := send(ctx, calls); err != nil {
				return err
			}
		}
		level = next
	}
	return nil
}

// below reads a branch; no call where there is nothing that it could hang on.
func (f *filling) below(b *documentBranch, above []*documentRow, to *[]*documentRow) ([]call, error) {
	if len(above) == 0 {
		return nil, nil
	}
	ids := make([]catalogue.ID, len(above))
	for i, row := range above {
		ids[i] = catalogue.ID(strconv.FormatInt(row.id, 10))
	}
	c, err := f.branch(b, Query{Type: b.model.typ, Parents: &Parents{Edge: b.edge, IDs: ids}, Page: Page{First: fillRows}}, above, to)
	return []call{c}, err
}

// branch is the statement of a branch, whose rows are put below those that it hangs on.
func (f *filling) branch(b *documentBranch, q Query, above []*documentRow, to *[]*documentRow) (call, error) {
	q.NoCursors = true
	s, err := f.db.prepare(f.scope, &q)
	if err != nil {
		return call{}, err
	}
	l := &s.shape.layout
	id := b.column[b.model.id.name]
	return call{name: s.shape.name, sql: s.shape.sql, args: s.args, rows: func(rows pgx.Rows) error {
		if err := checkFormats(l.columns, rows, l.offset); err != nil {
			return err
		}
		*to = nil
		values := make([][]byte, len(l.cells))
		groups, err := s.each(rows, func(at *grouping, raw [][]byte) error {
			for i, cell := range l.cells {
				values[i] = raw[cell]
			}
			at.entities = append(at.entities, &documentRow{id: wireInt(values[id]), row: appendRow(nil, b.model.columns, values), below: make([][]*documentRow, len(b.below))})
			return nil
		})
		for i, g := range groups {
			list := make([]*documentRow, len(g.entities))
			for k, e := range g.entities {
				list[k] = e.(*documentRow)
			}
			if above != nil {
				above[i].below[b.place], above[i].long = list, above[i].long || len(list) > fillRows
			}
			*to = append(*to, list...)
		}
		return err
	}}, nil
}

// body is the document of a root; false: it would be too long.
func (r *documentRow) body(d *documented, as int64) ([]byte, bool) {
	body := r.append(d.appendHead(nil, as, r.id))
	return body, len(body) <= documentMost && !r.tooLong()
}

func (r *documentRow) append(to []byte) []byte {
	to = append(to, r.row...)
	for _, list := range r.below {
		var nodes []byte
		for _, n := range list {
			nodes = n.append(nodes)
		}
		to = binary.AppendUvarint(binary.AppendUvarint(to, uint64(len(list))), uint64(len(nodes)))
		to = append(to, nodes...)
	}
	return to
}

func (r *documentRow) tooLong() bool {
	return r.long || slices.ContainsFunc(r.below, func(list []*documentRow) bool {
		return slices.ContainsFunc(list, (*documentRow).tooLong)
	})
}
