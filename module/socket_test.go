package module_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"leafgate/module"
)

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bound, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if got := module.Drain(bound); got != time.Minute {
			t.Errorf("with a bound: %v", got)
		}
		if got := module.Drain(context.WithoutCancel(t.Context())); got != 10*time.Second {
			t.Errorf("without one: %v", got)
		}
		cancel()
		if got := module.Drain(bound); got != 0 {
			t.Errorf("at once: %v", got)
		}
	})
}
