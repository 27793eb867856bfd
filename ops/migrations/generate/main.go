// Command generate brings the generated migrations in dataplane/store/migrations up to the catalogue: where the files there do
// not yet make a table, column or index that the catalogue has, it writes the next file, which does. What the catalogue no
// longer has is left for a person to drop.
//
// Usage: go generate ./dataplane/store/migrations, or generate -dir DIR [-fresh].
// -fresh writes the first file anew instead; only for migrations that no database outside development has seen.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fluent-oms/fluent/dataplane/store/ddl"
	"github.com/fluent-oms/fluent/domain"
)

const first = "00001_entities.sql"

func main() {
	dir := flag.String("dir", ".", "directory of the migrations")
	fresh := flag.Bool("fresh", false, "write "+first+" anew")
	flag.Parse()
	if err := run(*dir, *fresh); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(dir string, fresh bool) error {
	schema := ddl.Of(domain.Catalogue())
	if fresh {
		return os.WriteFile(filepath.Join(dir, first), []byte(ddl.Migration(schema.Statements())), 0o644)
	}
	made, err := ddl.ReadMade(os.DirFS(dir))
	if err != nil {
		return fmt.Errorf("read the migrations in %s: %w", dir, err)
	}
	statements := schema.Missing(made)
	if len(statements) == 0 {
		return nil
	}
	path := filepath.Join(dir, made.NextFile("entities"))
	fmt.Println("write", path)
	return os.WriteFile(path, []byte(ddl.Migration(statements)), 0o644)
}
