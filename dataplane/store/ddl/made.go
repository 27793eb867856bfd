package ddl

import (
	"bufio"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
)

const header = "-- +goose Up\n-- +goose NO TRANSACTION\n-- Code generated from the catalogue by ops/migrations/generate. DO NOT EDIT.\n"

// Migration prints statements as a goose migration.
func Migration(statements []string) string {
	var b strings.Builder
	b.WriteString(header)
	for _, s := range statements {
		b.WriteString("\n" + s + ";\n")
	}
	return b.String()
}

// Made is what a directory of migrations makes, as far as generated files tell: table.column and index names.
type Made struct {
	Columns map[string]string // orders.ref → TEXT NOT NULL
	Indexes map[string]bool
	last    int
}

var (
	createTable = regexp.MustCompile(`^CREATE TABLE IF NOT EXISTS (\w+) \($`)
	columnLine  = regexp.MustCompile(`^    (\w+) ([A-Z0-9]+(?: NOT NULL)?),$`)
	dropNotNull = regexp.MustCompile(`^ALTER TABLE (\w+) ALTER COLUMN (\w+) DROP NOT NULL`)
	addColumn   = regexp.MustCompile(`^ALTER TABLE (\w+) ADD COLUMN IF NOT EXISTS (\w+) ([A-Z0-9]+(?: NOT NULL)?)`)
	createIndex = regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX IF NOT EXISTS (\w+) ON`)
	fileName    = regexp.MustCompile(`^(\d{5})_\w+\.sql$`)
)

// ReadMade reads the migrations in a directory.
func ReadMade(files fs.FS) (*Made, error) {
	m := &Made{Columns: map[string]string{}, Indexes: map[string]bool{}}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	for _, name := range names {
		parts := fileName.FindStringSubmatch(name)
		if parts == nil {
			return nil, fmt.Errorf("migration %s: want NNNNN_subject.sql", name)
		}
		if n, _ := strconv.Atoi(parts[1]); n > m.last {
			m.last = n
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", name, err)
		}
		m.read(string(text))
	}
	return m, nil
}

func (m *Made) read(text string) {
	table := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if x := createTable.FindStringSubmatch(line); x != nil {
			table = x[1]
		} else if x := columnLine.FindStringSubmatch(line); x != nil && table != "" {
			m.Columns[table+"."+x[1]] = x[2]
		} else if x := addColumn.FindStringSubmatch(line); x != nil {
			m.Columns[x[1]+"."+x[2]] = x[3]
		} else if x := dropNotNull.FindStringSubmatch(line); x != nil {
			m.Columns[x[1]+"."+x[2]] = strings.TrimSuffix(m.Columns[x[1]+"."+x[2]], " NOT NULL")
		} else if x := createIndex.FindStringSubmatch(line); x != nil {
			m.Indexes[x[1]] = true
		} else if strings.HasPrefix(line, ")") {
			table = ""
		}
	}
}

// NextFile names the next migration.
func (m *Made) NextFile(subject string) string { return fmt.Sprintf("%05d_%s.sql", m.last+1, subject) }

// Missing lists the statements that make what the schema has and the migrations do not make yet.
func (s *Schema) Missing(made *Made) []string {
	var out []string
	for _, t := range s.Tables {
		if _, there := made.Columns[t.Name+".account_id"]; !there {
			out = append(out, t.Create())
			continue
		}
		for _, c := range t.Columns {
			switch is, there := made.Columns[t.Name+"."+c.Name]; {
			case !there:
				out = append(out, c.Add(t.Name))
			case !c.NotNull && strings.HasSuffix(is, " NOT NULL"):
				out = append(out, c.Loosen(t.Name))
			}
		}
	}
	for _, x := range s.Indexes {
		if !made.Indexes[x.Name] {
			out = append(out, x.Create())
		}
	}
	return out
}
