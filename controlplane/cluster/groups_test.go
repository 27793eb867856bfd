package cluster

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// TestCommandsThatComeTogetherGoTogether follows three groups.
func TestCommandsThatComeTogetherGoTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g groups
		alone, err := g.enter(t.Context())
		require.NoError(t, err, "who comes alone waits for nobody")
		entered := make(chan func(), 8)
		come := func(ctx context.Context, n int) {
			for range n {
				go func() {
					if leave, err := g.enter(ctx); err == nil {
						entered <- leave
					}
				}()
			}
			synctest.Wait()
		}
		come(t.Context(), 3)
		require.Empty(t, entered, "a group is under way")
		alone()
		synctest.Wait()
		require.Len(t, entered, 3, "those who waited go together")
		come(t.Context(), 2)
		require.Len(t, entered, 3)
		(<-entered)()
		(<-entered)()
		synctest.Wait()
		require.Len(t, entered, 1, "one of the group is not through")
		(<-entered)()
		synctest.Wait()
		require.Len(t, entered, 2)
		(<-entered)()
		(<-entered)()
		again, err := g.enter(t.Context())
		require.NoError(t, err)
		again()
	})
}

// TestWhoGivesUpHoldsNobodyUp has callers whose time ends while they wait: some of a group, and all of one.
func TestWhoGivesUpHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	for name, stays := range map[string]bool{"one stays": true, "nobody stays": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var g groups
				alone, err := g.enter(t.Context())
				require.NoError(t, err)
				ctx, giveUp := context.WithCancel(t.Context())
				gone, entered := make(chan error, 2), make(chan func(), 1)
				for range 2 {
					go func() {
						_, err := g.enter(ctx)
						gone <- err
					}()
				}
				if stays {
					go func() {
						leave, _ := g.enter(t.Context())
						entered <- leave
					}()
				}
				synctest.Wait()
				giveUp()
				require.ErrorIs(t, <-gone, context.Canceled)
				require.ErrorIs(t, <-gone, context.Canceled)
				alone()
				if stays {
					(<-entered)()
				}
				again, err := g.enter(t.Context())
				require.NoError(t, err)
				again()
			})
		})
	}
}
