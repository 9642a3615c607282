package leafnode

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"leafgate/config"
	"leafgate/internal/netio"
)

// A compression is what a configuration says of it, for links that we make or that we accept.
type compression struct {
	mode       string
	thresholds []time.Duration // of auto: up to which round trip each level is good for; 0: that level is not used
}

// Modes, as INFO, CONNECT and monitoring call them.
const (
	notSupported = "not supported" // not even known
	isOff        = "off"
	isAccept     = "accept" // as the other side likes
	isAuto       = "s2_auto"
)

// levels are what auto chooses from.
var levels = []string{"s2_uncompressed", "s2_fast", "s2_better", "s2_best"}

// modes are what a configuration may say.
var modes = map[string]string{
	"not_supported": notSupported, "not supported": notSupported, "off": isOff, "disabled": isOff, "false": isOff, "accept": isAccept,
	"on": isAuto, "enabled": isAuto, "true": isAuto, "auto": isAuto, isAuto: isAuto, "fast": "s2_fast", "better": "s2_better",
	"best": "s2_best", "s2_fast": "s2_fast", "s2_better": "s2_better", "s2_best": "s2_best",
}

// By default, links that are near cost no work.
var defaultThresholds = []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond}

// readCompression reads the key of that name, which is a mode, a boolean, or a block.
func readCompression(b *config.Block) compression {
	c := compression{mode: isAuto, thresholds: defaultThresholds}
	mode := isAuto
	switch v, _ := b.Value("compression"); v := v.(type) {
	case nil:
		return c
	case bool:
		if !v {
			mode = isOff
		}
	case string:
		mode = v
	case *config.Block:
		mode = v.String(isAuto, "mode")
		c.readThresholds(v)
	default:
		b.Errorf("compression", "want a mode, a boolean or a map {...}")
	}
	known := false
	if c.mode, known = modes[strings.ToLower(mode)]; !known {
		b.Errorf("compression", "want off, not_supported, accept, s2_fast, s2_better, s2_best or s2_auto, got %q", mode)
	}
	return c
}

// thresholdKeys are the names nats-server has for one key.
var thresholdKeys = []string{"rtt_thresholds", "thresholds", "rtts", "rtt"}

func (c *compression) readThresholds(b *config.Block) {
	list := b.Strings(thresholdKeys...)
	if list == nil {
		return
	}
	key := present(b, thresholdKeys...)
	c.thresholds = nil
	longest := time.Duration(0)
	for _, text := range list {
		d, err := time.ParseDuration(text)
		switch {
		case err != nil:
			b.Errorf(key, "want durations such as \"10ms\", got %q", text)
			return
		case d > 0 && d < longest:
			b.Errorf(key, "want durations in ascending order")
			return
		}
		longest = max(longest, d)
		c.thresholds = append(c.thresholds, max(0, d))
	}
	for n := len(c.thresholds); n > 0 && c.thresholds[n-1] == 0; n-- {
		c.thresholds = c.thresholds[:n-1]
	}
	if n := len(c.thresholds); n == 0 || n > len(levels) {
		b.Errorf(key, "want 1 to %d durations above 0, got %d", len(levels), n)
	}
}

// agree answers the mode of what we write, by what the other side says in INFO. Levels are for each direction.
func (c *compression) agree(theirs string) (mode string, err error) {
	switch {
	case theirs == "" || theirs == notSupported || c.mode == notSupported:
		return notSupported, nil
	case theirs == isOff || c.mode == isOff, theirs == isAccept && c.mode == isAccept:
		return isOff, nil
	case theirs != isAccept && theirs != isAuto && !slices.Contains(levels, theirs):
		return "", fmt.Errorf("unsupported compression mode %.32q", theirs)
	case c.mode == isAccept && theirs == isAuto:
		return "s2_fast", nil
	case c.mode == isAccept:
		return theirs, nil
	}
	return c.mode, nil
}

// told is what INFO says of it; empty: nothing.
func (c *compression) told() string {
	if c.mode == notSupported {
		return ""
	}
	return c.mode
}

// without answers how monitoring calls a link in clear, of a server that says so of its side.
func (c *compression) without(theirs string) string {
	if theirs == "" || theirs == notSupported || c.mode == notSupported {
		return notSupported
	}
	return isOff
}

// compresses says whether a mode that was agreed on is not clear text.
func compresses(mode string) bool { return mode != notSupported && mode != isOff }

// at answers the level of a mode at that round trip.
func (c *compression) at(mode string, rtt time.Duration) netio.Level {
	if mode != isAuto {
		return netio.Level(max(0, slices.Index(levels, mode)))
	}
	for i, most := range c.thresholds {
		if rtt <= most {
			return netio.Level(i)
		}
	}
	if len(c.thresholds) >= len(levels)-1 {
		return netio.Best
	}
	return netio.Level(len(c.thresholds) - 1)
}
