package cli_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHelpNamesWhatOptionsTake reads the help of every command: a back quote in an option's text is taken for the name of its value, and a
// sentence there makes the page unreadable.
func TestHelpNamesWhatOptionsTake(t *testing.T) {
	s := newShell(t)
	option := regexp.MustCompile(`^ +(?:-\w, |    )--[a-z-]+( .*?)?(?:  .*)?$`)
	var read func(path ...string) int
	read = func(path ...string) int {
		help := s.must(append(append([]string{}, path...), "--help")...)
		require.Contains(t, help, strings.Join(append([]string{"fluent"}, path...), " ")+" ")
		seen := 1
		commands := false
		for line := range strings.Lines(help) {
			line = strings.TrimRight(line, "\n")
			if m := option.FindStringSubmatch(line); m != nil {
				require.NotContains(t, strings.TrimSpace(m[1]), " ", "%v: %s", path, line)
			}
			switch {
			case strings.HasSuffix(line, ":"):
				commands = line == "Available Commands:" || len(path) == 0 && line != "Usage:" && line != "Flags:"
			case commands && strings.HasPrefix(line, "  "):
				name := strings.Fields(line)[0]
				if name != "help" && name != "completion" {
					seen += read(append(append([]string{}, path...), name)...)
				}
			}
		}
		return seen
	}
	require.Greater(t, read(), 50, "commands")
	require.Contains(t, s.must(), "Work in one account, by its own API:")
}
