package supervise

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// confidential are the variables by which somebody may have told this process a secret.
var confidential = regexp.MustCompile(`^FLUENT_([A-Z_]*_)?(TOKEN|PASSWORD|SECRET)=`)

// Environ is this process's environment without secrets of ours: what a child inherits can be read in /proc for as long as it runs.
func Environ() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !confidential.MatchString(variable) {
			kept = append(kept, variable)
		}
	}
	return kept
}

// Whisper gives a child a secret on its standard input, where it is gone once it was read. The child is to be told that it is there.
func Whisper(cmd *exec.Cmd, secret string) { cmd.Stdin = strings.NewReader(secret + "\n") }
