package storage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leafgate/config"
	"leafgate/internal/storage"
	"leafgate/journal"
)

func read(t *testing.T, text string) (storage.Options, error) {
	t.Helper()
	conf, err := config.Parse("gw.conf", text)
	if err != nil {
		t.Fatal(err)
	}
	o := storage.Read(conf)
	return o, conf.Finish()
}

func TestRead(t *testing.T) {
	free := storage.Amount{Bytes: 64 << 20}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		text string
		want storage.Options
	}{
		{``, storage.Options{MinFree: free}},
		{`store_dir: "/var/gw"`, storage.Options{Dir: "/var/gw", MinFree: free}},
		{`storedir: data`, storage.Options{Dir: filepath.Join(here, "data"), MinFree: free}},
		{`store { dir: "../up" }`, storage.Options{Dir: filepath.Join(filepath.Dir(here), "up"), MinFree: free}},
		{`store_dir: "/a", store { sync: always }`, storage.Options{Dir: "/a", Sync: journal.Always, MinFree: free}},
		{`store { dir: "/a", sync: interval, sync_interval: "250ms" }`, storage.Options{Dir: "/a", Sync: journal.Interval, SyncInterval: 250 * time.Millisecond, MinFree: free}},
		{`store { dir: "/a", wear_budget: 500MB, min_free: 1g, max_bytes: 2GB }`,
			storage.Options{Dir: "/a", WearBudget: 500 << 20, MinFree: storage.Amount{Bytes: 1e9}, MaxBytes: storage.Amount{Bytes: 2 << 30}}},
		{`store { dir: "/a", min_free: "5%", max_bytes: "50%" }`,
			storage.Options{Dir: "/a", MinFree: storage.Amount{Percent: 5}, MaxBytes: storage.Amount{Percent: 50}}},
		{`store { dir: "/a", min_free: 0, max_bytes: 0 }`, storage.Options{Dir: "/a"}},
	} {
		if o, err := read(t, test.text); err != nil || o != test.want {
			t.Errorf("%s: %+v, %v, want %+v", test.text, o, err, test.want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`store_dir: ""`, "gw.conf:2:1: store_dir: want the name of a directory"},
		{`store_dir: 1`, "gw.conf:2:1: store_dir: want a string"},
		{`store_dir: a, storedir: b`, `gw.conf:2:15: storedir: given twice`},
		{`store {}`, "gw.conf:2:1: store: dir is missing"},
		{`store { dir: "" }`, "gw.conf:2:9: store.dir: want the name of a directory"},
		{`store_dir: a, store { dir: b }`, "gw.conf:2:23: store.dir: given twice: store_dir is another name for it"},
		{`store { dir: a, sink: b }`, `gw.conf:2:17: unknown field "sink"`},
		{`store { dir: a, sync: sometimes }`, `gw.conf:2:17: store.sync: want group, always or interval, got "sometimes"`},
		{`store { dir: a, sync_interval: "1s" }`, "gw.conf:2:17: store.sync_interval: only with sync: interval"},
		{`store { dir: a, sync: interval, sync_interval: "1ms" }`, "gw.conf:2:33: store.sync_interval: want 10ms to 1h0m0s, got 1ms"},
		{`store { dir: a, wear_budget: 1000 }`, "gw.conf:2:17: store.wear_budget: want 1048576 bytes a day at least, got 1000"},
		{`store { dir: a, wear_budget: -1 }`, "gw.conf:2:17: store.wear_budget: want 0.."},
		{`store { dir: a, sync: always, wear_budget: 1g }`, "gw.conf:2:31: store.wear_budget: not with sync: always"},
		{`store { dir: a, min_free: "5" }`, "gw.conf:2:17: store.min_free: want bytes, 0 at least, or a share"},
		{`store { dir: a, min_free: "0%" }`, "gw.conf:2:17: store.min_free: want"},
		{`store { dir: a, min_free: "100%" }`, "gw.conf:2:17: store.min_free: want"},
		{`store { dir: a, min_free: -1 }`, "gw.conf:2:17: store.min_free: want"},
		{`store { dir: a, max_bytes: 1k }`, "gw.conf:2:17: store.max_bytes: want bytes, 1048576 at least"},
		{`store { dir: a, max_bytes: true }`, "gw.conf:2:17: store.max_bytes: want"},
	} {
		if _, err := read(t, "\n"+test.text); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.text, err, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	const was = `store { dir: "/a", sync: interval }`
	for _, test := range []struct{ next, want string }{
		{was, ""},
		{`store { dir: "/a", sync: interval, min_free: "1%", max_bytes: 1g, wear_budget: 1g }`, ""},
		{`store { dir: "/b", sync: interval }`, `gw.conf:1:9: store.dir: cannot change while running: old="/a", new="/b": restart`},
		{`store_dir: "/b"`, `gw.conf:1:1: store_dir: cannot change while running: old="/a", new="/b": restart`},
		{``, `store_dir: cannot change while running: old="/a", new="": restart`},
		{`store_dir: "/a"`, "store.sync: cannot change while running: old=interval, new=group: restart"},
		{`store { dir: "/a", sync: always }`, "gw.conf:1:20: store.sync: cannot change while running: old=interval, new=always: restart"},
		{`store { dir: "/a", sync: interval, sync_interval: "2s" }`, "gw.conf:1:36: store.sync_interval: cannot change"},
	} {
		o, err := read(t, was)
		if err != nil {
			t.Fatal(err)
		}
		conf, err := config.Parse("gw.conf", test.next)
		if err != nil {
			t.Fatal(err)
		}
		o.Check(storage.Read(conf), conf)
		err = conf.Finish()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %s", test.next, err, test.want)
		}
	}
}
