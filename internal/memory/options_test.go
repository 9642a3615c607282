package memory

import (
	"strings"
	"testing"

	"leafgate/config"
)

func TestRead(t *testing.T) {
	tests := []struct {
		name, text string
		machine    int64
		want       int64
		says       string // of an error
	}{
		{name: "none", text: "port: -1"},
		{name: "zero", text: "max_memory: 0"},
		{name: "bytes", text: "max_memory: 64MB", want: 64 << 20},
		{name: "least", text: "max_memory: 16777216", want: 16 << 20},
		{name: "share", text: `max_memory: "75%"`, machine: 512 << 20, want: 512 << 20 / 100 * 75},
		{name: "too little", text: "max_memory: 1MB", says: "t.conf:1:1: max_memory: want bytes, 16777216 at least"},
		{name: "negative", text: "max_memory: -1", says: "max_memory: want bytes"},
		{name: "a word", text: "max_memory: much", says: "max_memory: want bytes"},
		{name: "no block", text: "max_memory { bytes: 64MB }", says: "max_memory: want bytes"},
		{name: "all of it", text: `max_memory: "100%"`, machine: 1 << 30, says: `from "1%" to "99%"`},
		{name: "no share", text: `max_memory: "%"`, machine: 1 << 30, says: "max_memory: want bytes"},
		{name: "a small share", text: `max_memory: "1%"`, machine: 1 << 30, says: "1% of this machine's memory is 10737418 bytes, want 16777216 at least"},
		{name: "a share of what", text: `max_memory: "50%"`, says: "is not known: want bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conf, err := config.Parse("t.conf", tt.text)
			if err != nil {
				t.Fatal(err)
			}
			conf.Ignore("port")
			if got := read(conf, func() int64 { return tt.machine }); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
			switch err := conf.Finish(); {
			case err == nil && tt.says != "":
				t.Errorf("no error, want %q", tt.says)
			case err != nil && (tt.says == "" || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

func TestShare(t *testing.T) {
	for _, tt := range []struct{ ceiling, want int64 }{{0, 100}, {1000, 100}, {40, 10}} {
		if got := Share(tt.ceiling, 100, 4); got != tt.want {
			t.Errorf("of %d: %d, want %d", tt.ceiling, got, tt.want)
		}
	}
}
