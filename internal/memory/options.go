package memory

import (
	"strconv"
	"strings"

	"leafgate/config"
)

// Key is the ceiling's, at the top level of a configuration.
const Key = "max_memory"

// least is a ceiling below which a gateway has no room to work.
const least = 16 << 20

// Read answers the ceiling that conf sets, in bytes; 0: none. A share of the machine's memory is one of [Machine]. Errors
// collect in conf.
func Read(conf *config.Block) int64 { return read(conf, Machine) }

func read(conf *config.Block, machine func() int64) int64 {
	v, _ := conf.Value(Key)
	switch v := v.(type) {
	case nil:
		return 0
	case int64:
		if v >= least || v == 0 {
			return v
		}
	case string:
		if n, err := strconv.Atoi(strings.TrimSuffix(v, "%")); err == nil && strings.HasSuffix(v, "%") && n > 0 && n < 100 {
			return ofMachine(conf, machine(), int64(n))
		}
	}
	conf.Errorf(Key, "want bytes, %d at least, or a share of the machine's memory from \"1%%\" to \"99%%\"; 0: none", least)
	return 0
}

// ofMachine is n percent of all.
func ofMachine(conf *config.Block, all, n int64) int64 {
	switch ceiling := all / 100 * n; {
	case all == 0:
		conf.Errorf(Key, "how much memory this machine has is not known: want bytes")
	case ceiling < least:
		conf.Errorf(Key, "%d%% of this machine's memory is %d bytes, want %d at least", n, ceiling, least)
	default:
		return ceiling
	}
	return 0
}

// Share is the default of a bound in bytes: def, but no more than the ceiling by parts. 0: no ceiling.
func Share(ceiling, def, parts int64) int64 {
	if ceiling == 0 {
		return def
	}
	return min(def, ceiling/parts)
}
