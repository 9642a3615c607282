package auth

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
)

func TestPool(t *testing.T) {
	var p pool[string, [64]byte]
	get := func(key string) *[64]byte {
		v, err := p.get(key, func() (*[64]byte, error) { return new([64]byte), nil })
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	kept := get("kept")
	for i := range 1000 {
		get(fmt.Sprint(i))
		if i%100 == 0 {
			runtime.GC()
		}
	}
	if get("kept") != kept {
		t.Error("what is in use was made again")
	}
	if n := len(p.known); n > 500 {
		t.Errorf("%d are known, and one is in use", n)
	}
	failed := errors.New("failed")
	if v, err := p.get("bad", func() (*[64]byte, error) { return nil, failed }); v != nil || err != failed {
		t.Errorf("got %v, %v; want the error of create", v, err)
	}
	if get("bad") == nil {
		t.Error("an error was kept")
	}
	runtime.KeepAlive(kept)
}
