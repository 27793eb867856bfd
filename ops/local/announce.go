package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fluent-oms/fluent/ops/cli/login"
)

// readiness is the ready file.
type readiness struct {
	Gateway      string      `json:"gateway"`
	ControlPlane []string    `json:"controlPlane"`
	Console      string      `json:"console"`
	Operator     credentials `json:"operator"`
	Demo         *demoReady  `json:"demo,omitempty"`
}

type demoReady struct {
	Account      string `json:"account"`
	RetailerID   string `json:"retailerId"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	Username     string `json:"username"`
	Password     string `json:"password"`
}

func (i *Installation) readiness() readiness {
	r := readiness{Gateway: "http://" + i.state.Gateway, ControlPlane: i.serverURLs(), Operator: i.state.Operator}
	r.Console = r.ControlPlane[0]
	if d := i.state.Demo; i.config.Demo {
		r.Demo = &demoReady{
			Account: d.Account, RetailerID: d.RetailerID, ClientID: d.ClientID, ClientSecret: d.ClientSecret, Username: d.Username, Password: d.Password,
		}
	}
	return r
}

// announce prints where everything is and writes the ready file.
func (i *Installation) announce() error {
	r := i.readiness()
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the ready file: %w", err)
	}
	raw = append(raw, '\n')
	i.say("ready\n")
	i.printTable(r)
	for _, path := range i.config.readyFiles() {
		if err := login.WritePrivate(path, raw); err != nil {
			return err
		}
	}
	return nil
}

// readyFiles are the one in the state folder, where commands look for it, and the one that was asked for.
func (c Config) readyFiles() []string {
	paths := []string{filepath.Join(c.Dir, "ready.json")}
	if c.ReadyFile != "" {
		paths = append(paths, c.ReadyFile)
	}
	return paths
}

func (i *Installation) printTable(r readiness) {
	w := tabwriter.NewWriter(i.out, 0, 0, 2, ' ', 0)
	row := func(what, where string) { _, _ = fmt.Fprintf(w, "  %s\t%s\n", what, where) }
	row("Tenants' API", r.Gateway+"/graphql, /api/v4.1, /oauth/token")
	for n, url := range r.ControlPlane {
		row(fmt.Sprintf("Control plane %d", n+1), url)
	}
	row("Operator", r.Operator.Username+" / "+r.Operator.Password)
	if d := r.Demo; d != nil {
		row("Demo account", fmt.Sprintf("%s, retailer %s", d.Account, d.RetailerID))
		row("  user", d.Username+" / "+d.Password)
		row("  API client", d.ClientID+" / "+d.ClientSecret)
	}
	row("State and logs", i.config.Dir)
	_ = w.Flush() // a terminal that is gone needs no table
	_, _ = fmt.Fprintf(i.out, "\nStop with Ctrl-C; the next run goes on from here. In a second terminal, in this folder, try:\n%s login --server %s --username %s\n",
		shortest(i.config.Program), r.ControlPlane[0], r.Operator.Username)
}

// shortest is how a program is typed in the folder that we were started in.
func shortest(program string) string {
	here, err := os.Getwd()
	if err != nil {
		return program
	}
	relative, err := filepath.Rel(here, program)
	if err != nil || len(relative) >= len(program) {
		return program
	}
	if !strings.ContainsRune(relative, filepath.Separator) {
		relative = "./" + relative
	}
	return relative
}

// removeReadyFiles takes back what an earlier run, or one that was killed, has announced.
func (c Config) removeReadyFiles() error {
	for _, path := range c.readyFiles() {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the old ready file: %w", err)
		}
	}
	return nil
}

// keepProcessList keeps processes.json up to date, name → process id, so that people and tests can see and signal each process.
func (i *Installation) keepProcessList(ctx context.Context) {
	path := filepath.Join(i.config.Dir, "processes.json")
	defer func() { _ = os.Remove(path) }() // the next run writes it anew
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var last map[string]int
	for {
		if now := i.processes(); !maps.Equal(now, last) {
			last = now
			raw, err := json.MarshalIndent(now, "", "  ")
			if err == nil {
				err = login.WritePrivate(path, append(raw, '\n'))
			}
			if err != nil {
				i.log.Error("cannot write the list of processes", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (i *Installation) processes() map[string]int {
	pids := i.agent.Processes()
	for _, child := range append(i.servers[:len(i.servers):len(i.servers)], i.gateway) {
		pids[child.Name()] = 0
		if s := child.Status(); s.Running {
			pids[child.Name()] = s.PID
		}
	}
	if pid := i.database.pid(); pid != 0 {
		pids["database"] = pid
	}
	return pids
}
