package mqtt

import (
	"context"

	"leafgate/module"
)

// LameDuck implements module.LameDucker: it takes no more clients, and after a grace period sends those there are away one
// by one, so that they do not all arrive elsewhere at once.
func (f *frontend) LameDuck(ctx context.Context) error {
	f.sockets().StopAccepting()
	all := f.connections()
	if len(all) == 0 {
		return nil
	}
	o := f.opts.Load()
	if err := module.Pause(ctx, o.lameDuckGrace); err != nil {
		return err
	}
	return module.OneByOne(ctx, len(all), o.lameDuck-o.lameDuckGrace, func(i int) { all[i].dismiss(errShutdown) })
}
