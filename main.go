// Fluent is a multi-tenant order management system: one binary that holds its control plane, its data plane, and the command
// line that operates them.
package main

import (
	"os"
	_ "time/tzdata" // retailers name time zones; not every machine has the database of them

	"github.com/fluent-oms/fluent/ops/cli"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(cli.Main(version, os.Args[1:])) }
