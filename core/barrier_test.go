package core_test

import (
	"errors"
	"sync"
	"testing"

	"leafgate/core"
)

func TestBarrierWithoutSinksIsDoneByThePublisher(t *testing.T) {
	calls := 0
	b := core.NewBarrier(func(err error) { calls++; want(t, "err", err, nil) })
	want(t, "before", calls, 0)
	b.Done(nil)
	want(t, "after", calls, 1)
}

func TestBarrierWaitsForAllAndReportsTheFirstError(t *testing.T) {
	failed := errors.New("disk full")
	var calls int
	var got error
	b := core.NewBarrier(func(err error) { calls++; got = err })
	var wg sync.WaitGroup
	for i := range 8 {
		b.Add()
		wg.Go(func() {
			if i == 3 {
				b.Done(failed)
			} else {
				b.Done(nil)
			}
		})
	}
	wg.Wait()
	want(t, "held by the publisher", calls, 0)
	b.Done(nil)
	want(t, "calls", calls, 1)
	want(t, "err", got, failed)
}

func TestBarrierDoneTooOften(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	b := core.NewBarrier(func(error) {})
	b.Done(nil)
	b.Done(nil)
}

func TestClone(t *testing.T) {
	buf := []byte("sreplyhp")
	m := core.Message{Subject: buf[:1], Reply: buf[1:6], Header: buf[6:7], Payload: buf[7:8], Raw: buf}
	c := m.Clone()
	clear(buf)
	want(t, "clone", string(c.Subject)+"|"+string(c.Reply)+"|"+string(c.Header)+"|"+string(c.Payload), "s|reply|h|p")
	want(t, "raw", string(c.Raw), "sreplyhp")
	_ = append(c.Subject, 'x')
	want(t, "parts do not overlap", string(c.Reply), "reply")
}
