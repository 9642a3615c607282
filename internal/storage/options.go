package storage

import (
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"leafgate/config"
	"leafgate/journal"
)

const (
	// defaultMinFree stays free where the configuration does not say: a full disk harms more than the gateway.
	defaultMinFree = 64 << 20
	leastBudget    = 1 << 20
	leastBytes     = 1 << 20
	leastInterval  = 10 * time.Millisecond
	mostInterval   = time.Hour
)

// Options are what the configuration says about storage. They can be compared.
type Options struct {
	Dir          string // absolute; empty: there is no storage
	Sync         journal.Sync
	SyncInterval time.Duration // of interval; 0: the journal's own default
	WearBudget   int64         // bytes per day; 0: none
	MinFree      Amount        // stays free on the volume
	MaxBytes     Amount        // of each journal; zero: no bound
}

// An Amount of disk is bytes or a share of the volume.
type Amount struct {
	Bytes   int64
	Percent int
}

// of is the amount in bytes on a volume of total bytes.
func (a Amount) of(total int64) int64 { return max(a.Bytes, total/100*int64(a.Percent)) }

func (a Amount) String() string {
	if a.Percent > 0 {
		return strconv.Itoa(a.Percent) + "%"
	}
	return strconv.FormatInt(a.Bytes, 10)
}

// Read reads store_dir and the store block from the top level of a configuration. Errors collect in conf.
func Read(conf *config.Block) Options {
	o := Options{MinFree: Amount{Bytes: defaultMinFree}}
	o.Dir = conf.String("", dirNames...)
	b := conf.Block("store")
	if b != nil {
		o.read(b)
		o.readDir(conf, b)
	}
	if o.Dir == "" {
		if name := given(conf, dirNames); name != "" {
			conf.Errorf(name, "want the name of a directory")
		}
		return o
	}
	abs, err := filepath.Abs(o.Dir)
	if err != nil {
		conf.Errorf(given(conf, dirNames), "find directory: %v", err)
	}
	o.Dir = abs
	return o
}

var dirNames = []string{"store_dir", "storedir"}

func given(b *config.Block, names []string) string {
	for _, n := range names {
		if b.Has(n) {
			return n
		}
	}
	return ""
}

func (o *Options) readDir(conf, b *config.Block) {
	dir := b.String("", "dir")
	switch {
	case dir == "" && b.Has("dir"):
		b.Errorf("dir", "want the name of a directory")
	case dir == "" && o.Dir == "":
		b.Errorf("", "dir is missing")
	case dir != "" && o.Dir != "":
		b.Errorf("dir", "given twice: %s is another name for it", given(conf, dirNames))
	case dir != "":
		o.Dir = dir
	}
}

func (o *Options) read(b *config.Block) {
	mode, err := journal.ParseSync(b.String(journal.Group.String(), "sync"))
	if err != nil {
		b.Errorf("sync", "%v", err)
	}
	o.Sync = mode
	if b.Has("sync_interval") {
		o.SyncInterval = b.Duration(time.Second, "sync_interval")
		switch {
		case mode != journal.Interval:
			b.Errorf("sync_interval", "only with sync: interval")
		case o.SyncInterval < leastInterval || o.SyncInterval > mostInterval:
			b.Errorf("sync_interval", "want %v to %v, got %v", leastInterval, mostInterval, o.SyncInterval)
		}
	}
	if o.WearBudget = b.IntRange(0, 0, math.MaxInt64, "wear_budget"); o.WearBudget > 0 && o.WearBudget < leastBudget {
		b.Errorf("wear_budget", "want %d bytes a day at least, got %d", leastBudget, o.WearBudget)
	}
	if o.WearBudget > 0 && mode == journal.Always {
		b.Errorf("wear_budget", "not with sync: always")
	}
	o.MinFree = readAmount(b, "min_free", 0, o.MinFree)
	o.MaxBytes = readAmount(b, "max_bytes", leastBytes, o.MaxBytes)
}

// readAmount reads bytes, least of them or none, or a string such as "5%".
func readAmount(b *config.Block, name string, least int64, def Amount) Amount {
	v, ok := b.Value(name)
	if !ok {
		return def
	}
	switch v := v.(type) {
	case int64:
		if v >= least || v == 0 {
			return Amount{Bytes: v}
		}
	case string:
		if n, err := strconv.Atoi(strings.TrimSuffix(v, "%")); err == nil && strings.HasSuffix(v, "%") && n > 0 && n < 100 {
			return Amount{Percent: n}
		}
	}
	b.Errorf(name, "want bytes, %d at least, or a share of the volume from \"1%%\" to \"99%%\"; 0: none", least)
	return def
}
