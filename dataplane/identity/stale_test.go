package identity_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestUsersOfAMomentAgoAreForgotten: their rights are not kept once they are too old to serve, however few ask.
func TestUsersOfAMomentAgoAreForgotten(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	token := s.login("192.0.2.1", "ann", right).field("access_token")
	require.NotEmpty(t, token)
	require.NotContains(t, s.whether(token), 401)
	require.Positive(t, s.nodes[0].Cached())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.nodes[0].Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	require.Eventually(t, func() bool { return s.nodes[0].Cached() == 0 }, time.Minute, 20*time.Millisecond)
}
