package module

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, next := time.Now(), 0
		err := OneByOne(t.Context(), 10, 5*time.Second, func(i int) {
			if i != next {
				t.Errorf("%d was sent away after %d", i, next-1)
			}
			next++
		})
		if took := time.Since(start); err != nil || next != 10 || took < 9*250*time.Millisecond || took > 5*time.Second {
			t.Errorf("%d sent away in %v: %v", next, took, err)
		}
	})
}

func TestOneByOneEndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n := 0
		if err := OneByOne(ctx, 1000, time.Hour, func(int) { n++ }); err == nil || n == 0 || n > 3 {
			t.Errorf("%d sent away: %v", n, err)
		}
	})
}
