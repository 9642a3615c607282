package module

import (
	"context"
	"math/rand/v2"
	"time"
)

// mostPace is the longest pause between two clients being sent away.
const mostPace = time.Second

// OneByOne calls away for each of 0 to n-1 with pauses of random length in between, so that those sent away do not all
// arrive elsewhere at once. It takes at most over, and ends early with ctx's error.
func OneByOne(ctx context.Context, n int, over time.Duration, away func(i int)) error {
	for i := range n {
		away(i)
		if i == n-1 {
			break
		}
		pace := min(mostPace, over/time.Duration(n))
		if err := Pause(ctx, pace/2+rand.N(pace/2+1)); err != nil {
			return err
		}
	}
	return nil
}

// Pause waits for d, or ends early with ctx's error.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
