package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

const (
	sqlFigureMark = `INSERT INTO figure_marks (account_id, figure, mark, marked_on) SELECT $1, f, 1, $3 FROM unnest($2::TEXT[]) AS u (f)
ON CONFLICT (account_id, figure) DO UPDATE SET mark = figure_marks.mark + 1, marked_on = excluded.marked_on`
	sqlFigureFirst = `INSERT INTO figure_marks (account_id, figure, mark, marked_on) VALUES ($1, $2, 0, $3) ON CONFLICT DO NOTHING`
	sqlFigureHold  = `SELECT mark FROM figure_marks WHERE account_id = $1 AND figure = $2 FOR SHARE`
	sqlFigureRead  = `SELECT mark FROM figure_marks WHERE account_id = $1 AND figure = $2`
)

// mark notes figures that what is queued marks: see catalogue.Figures. The unit of work sees to it, since whatever door a change comes through, its
// rows are written by this.
func (p *pending) mark(figures []string) {
	for _, f := range figures {
		if !slices.Contains(p.marks, f) {
			p.marks = append(p.marks, f)
		}
	}
}

// markCall marks figures, in an order that all keep to, so that no two wait for each other.
func markCall(account string, p *pending) call {
	slices.Sort(p.marks)
	return call{name: "figures.mark", sql: sqlFigureMark, args: []any{account, p.marks, p.now}}
}

// HeldMark is a derived figure's mark that nobody changes until the transaction ends.
type HeldMark struct {
	tx     *Tx
	figure string
	mark   int64
	found  bool
}

// HoldMark queues the reading of a derived figure's mark for the next flush. Whoever would change what the figure rests on waits from then on until this
// transaction ends; and this one waits for those that have changed it and are not through yet. So of two that meet, the later one knows of the other.
func (tx *Tx) HoldMark(figure string) *HeldMark {
	h := &HeldMark{tx: tx, figure: figure}
	tx.queue(h.hold())
	return h
}

func (h *HeldMark) hold() call {
	return call{name: "figures.hold", sql: sqlFigureHold, args: []any{string(h.tx.scope.Account()), h.figure}, rows: func(rows pgx.Rows) (err error) {
		h.mark, h.found, err = readMark(rows)
		return err
	}}
}

// Mark is the mark that is held. What is queued must have been flushed. Of a figure that the account has no row of yet it makes one, which takes a
// round trip, once.
func (h *HeldMark) Mark(ctx context.Context) (int64, error) {
	if h.found {
		return h.mark, nil
	}
	first := call{name: "figures.first", sql: sqlFigureFirst, args: []any{string(h.tx.scope.Account()), h.figure, h.tx.now}}
	if err := h.tx.send(ctx, []call{first, h.hold()}); err != nil {
		return 0, err
	}
	if !h.found {
		return 0, fmt.Errorf("hold the mark of %s: its row is gone", h.figure)
	}
	return h.mark, nil
}

// readMark reads a mark; 0 where the figure was never marked.
func readMark(rows pgx.Rows) (mark int64, found bool, err error) {
	_, err = pgx.ForEachRow(rows, []any{&mark}, func() error { found = true; return nil })
	return mark, found, err
}
