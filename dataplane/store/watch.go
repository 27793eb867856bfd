package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// Probe finds out whether the database answers. It has a connection of its own, so that busy pools don't look like a lost database.
type Probe struct {
	dsn       string
	refused   *atomic.Pointer[Refusal]
	trialTime time.Duration // for a trial to write
	mu        sync.Mutex
	conn      *pgx.Conn
}

// Probe makes a probe of the database; Close it.
func (db *DB) Probe() *Probe { return &Probe{dsn: db.dsn, refused: db.refusal, trialTime: trialTime} }

const sqlProbe = `SELECT 1`

// probeWait is how long the database may take.
const probeWait = 2 * time.Second

// Check asks the database for a sign of life. After an error the next call connects anew.
func (p *Probe) Check(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	if p.conn == nil {
		c, err := pgx.Connect(ctx, p.dsn)
		if err != nil {
			return fmt.Errorf("connect to the database: %w", err)
		}
		p.conn = c
	}
	if _, err := p.conn.Exec(ctx, sqlProbe, pgx.QueryExecModeExec); err != nil {
		_ = p.conn.Close(ctx)
		p.conn = nil
		return fmt.Errorf("ask the database for a sign of life: %w", err)
	}
	return nil
}

// Close lets the connection go.
func (p *Probe) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), probeWait)
		defer cancel()
		_ = p.conn.Close(ctx)
		p.conn = nil
	}
}
