package trust

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const tokenForm = "fluent1"

// JoinToken is what a machine is given so that it can join: a secret, and what it takes to know that who answers is the cluster which
// the secret is of. Its text is one word.
type JoinToken struct {
	Cluster     string
	Fingerprint string // of an authority of the cluster
	Secret      string
}

// String is the token's text. It is secret.
func (t JoinToken) String() string {
	return strings.Join([]string{tokenForm, t.Cluster, t.Fingerprint, t.Secret}, ".")
}

// ParseJoinToken reads a token's text. The text is in no error.
func ParseJoinToken(text string) (JoinToken, error) {
	parts := strings.Split(strings.TrimSpace(text), ".")
	if len(parts) != 4 || parts[0] != tokenForm {
		return JoinToken{}, errors.New("this is no join token: it begins with " + tokenForm + " and has four parts")
	}
	t := JoinToken{Cluster: parts[1], Fingerprint: parts[2], Secret: parts[3]}
	if raw, err := hex.DecodeString(t.Fingerprint); err != nil || len(raw) != 32 || t.Fingerprint != strings.ToLower(t.Fingerprint) {
		return JoinToken{}, errors.New("the join token names no authority")
	}
	if !clusterForm.MatchString(t.Cluster) || t.Secret == "" {
		return JoinToken{}, fmt.Errorf("the join token has no cluster or no secret")
	}
	return t, nil
}
