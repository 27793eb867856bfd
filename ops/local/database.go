package local

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/fluent-oms/fluent/ops/embedded"
)

// databaseName is the database of the one environment.
const databaseName = "fluent"

// connectionsPerNode is what a node may hold open at most, with room for its migrations.
const connectionsPerNode = 50

// database is the environment's database: a server of our own, which is started again when it dies, or one that a URL names.
type database struct {
	url    string
	config embedded.Config // of our own server
	in     *Installation

	mu     sync.Mutex
	server *embedded.Server // nil when the URL was given
}

func openDatabase(ctx context.Context, i *Installation, choice embedded.Choice) (*database, error) {
	d := &database{url: choice.URL, in: i}
	if choice.URL != "" {
		i.say("using the given database")
		return d, nil
	}
	d.config = embedded.Config{
		Engine: choice.Engine, Dir: filepath.Join(i.config.Dir, "database"), Progress: func(status string) { i.say("%s", status) },
		Settings: map[string]string{"max_connections": strconv.Itoa(100 + connectionsPerNode*i.config.Nodes)},
	}
	srv, err := embedded.Start(ctx, d.config)
	if err != nil {
		return nil, err
	}
	d.server, d.url = srv, srv.DSN(databaseName)
	if err := srv.CreateDatabase(ctx, databaseName); err != nil {
		srv.Stop()
		return nil, err
	}
	i.say("database: %s", choice.Engine)
	return d, nil
}

// keep starts the server again whenever it ends, until ctx ends.
func (d *database) keep(ctx context.Context) {
	pause := 100 * time.Millisecond
	for d.server != nil {
		select {
		case <-ctx.Done():
			return
		case <-d.current().Exited():
		}
		d.in.log.Warn("the database server ended; starting it again")
		began := time.Now()
		srv, err := embedded.Start(ctx, d.config)
		if err != nil {
			d.in.log.Error("cannot start the database server again", "error", err)
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, 5*time.Second)
			continue
		}
		pause = 100 * time.Millisecond
		d.replace(srv)
		d.in.log.Info("the database server runs again", "after", fmt.Sprint(time.Since(began).Round(time.Millisecond)))
	}
}

func (d *database) current() *embedded.Server {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.server
}

func (d *database) replace(srv *embedded.Server) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server = srv
}

// pid is the server's process id; 0 when it is not ours.
func (d *database) pid() int {
	if srv := d.current(); srv != nil {
		return srv.PID()
	}
	return 0
}

func (d *database) stop() {
	if srv := d.current(); srv != nil {
		srv.Stop()
	}
}
