package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Kind is a database product.
type Kind string

// The products that an embedded server can run.
const (
	Postgres  Kind = "postgres"
	Cockroach Kind = "cockroach"
)

// oldestPostgres is the first major version with everything that our SQL uses.
const oldestPostgres = 15

func (k Kind) maintenanceDatabase() string {
	if k == Cockroach {
		return "defaultdb"
	}
	return "postgres"
}

// Engine is a server program found on this machine.
type Engine struct {
	Kind    Kind
	Program string // absolute path of postgres or cockroach
	Version string // "15.18"; empty for CockroachDB, which is not asked
}

func (e Engine) String() string { return strings.TrimSpace(string(e.Kind) + " " + e.Version) }

// ErrNoServer says that the machine has no usable database server, and how to get one.
var ErrNoServer = errors.New("no database server found: install PostgreSQL 15 or newer (Debian, Ubuntu: apt-get install postgresql), " +
	"or set COCKROACH_BINARY to a cockroach program, or give --database a URL")

// Find looks for a server program: COCKROACH_BINARY, cockroach in PATH, postgres in PATH, then the newest of Debian's folders.
func Find() (Engine, error) {
	e, err := FindKind(Cockroach)
	if errors.Is(err, ErrNoServer) {
		return FindKind(Postgres)
	}
	return e, err
}

// FindKind looks for a server program of one product. ErrNoServer means that there is none.
func FindKind(kind Kind) (Engine, error) {
	if kind == Cockroach {
		return findCockroach()
	}
	return findPostgres()
}

func findCockroach() (Engine, error) {
	name := "cockroach"
	named := os.Getenv("COCKROACH_BINARY")
	if named != "" {
		name = named
	}
	path, err := exec.LookPath(name)
	switch {
	case err != nil && named != "":
		return Engine{}, fmt.Errorf("COCKROACH_BINARY names no program: %w", err)
	case err != nil:
		return Engine{}, ErrNoServer
	}
	path, err = filepath.Abs(path)
	return Engine{Kind: Cockroach, Program: path}, err
}

func findPostgres() (Engine, error) {
	var programs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		programs = append(programs, path)
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return Engine{}, err
	}
	slices.SortFunc(debian, func(a, b string) int { return debianMajor(b) - debianMajor(a) })

	tooOld := ""
	for _, program := range append(programs, debian...) {
		e, err := askPostgres(program)
		if err != nil {
			continue
		}
		if major(e.Version) >= oldestPostgres {
			return e, nil
		}
		tooOld = e.Version
	}
	if tooOld != "" {
		return Engine{}, fmt.Errorf("PostgreSQL %s is too old, %d is needed: %w", tooOld, oldestPostgres, ErrNoServer)
	}
	return Engine{}, ErrNoServer
}

func debianMajor(path string) int { return major(filepath.Base(filepath.Dir(filepath.Dir(path)))) }

var versionNumber = regexp.MustCompile(`\d+(\.\d+)*`)

// askPostgres reads a server program's version and checks that initdb lies beside it.
func askPostgres(path string) (Engine, error) {
	// Distributions link programs into PATH one by one; the folder with all of them is behind the link.
	program, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Engine{}, err
	}
	if program, err = filepath.Abs(program); err != nil {
		return Engine{}, err
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(program), "initdb")); err != nil {
		return Engine{}, err
	}
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return Engine{}, fmt.Errorf("ask %s for its version: %w", program, err)
	}
	return Engine{Kind: Postgres, Program: program, Version: versionNumber.FindString(string(out))}, nil
}

func major(version string) int {
	first, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return n
}
