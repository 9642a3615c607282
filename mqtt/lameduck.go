package mqtt

import (
	"context"
	"math/rand/v2"
	"time"
)

// mostPace is the longest pause between two clients being sent away.
const mostPace = time.Second

// LameDuck implements module.LameDucker: it takes no more clients, and after a grace period sends those there are away one
// by one, so that they do not all arrive elsewhere at once.
func (f *frontend) LameDuck(ctx context.Context) error {
	f.stopAccepting()
	all := f.connections()
	if len(all) == 0 {
		return nil
	}
	o := f.opts.Load()
	if err := pause(ctx, o.lameDuckGrace); err != nil {
		return err
	}
	pace := min(mostPace, (o.lameDuck-o.lameDuckGrace)/time.Duration(len(all)))
	for i, c := range all {
		c.dismiss(errShutdown)
		if i == len(all)-1 {
			break
		}
		if err := pause(ctx, pace/2+rand.N(pace/2+1)); err != nil {
			return err
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
