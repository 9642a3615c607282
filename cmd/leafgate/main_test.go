package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// TestGolden runs command lines that do not serve, and compares what they say and how they exit with testdata/NAME.txt.
func TestGolden(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
	}{
		{"help", []string{"-h"}, exitClean},
		{"help-long", []string{"--help"}, exitClean},
		{"unknown-flag", []string{"-x"}, exitConfig},
		{"argument", []string{"-D", "gw.conf"}, exitConfig},
		{"no-number", []string{"-p", "many"}, exitConfig},
		{"port-range", []string{"--port=70000"}, exitConfig},
		{"no-value", []string{"-c"}, exitConfig},
		{"empty-file", []string{"-c", ""}, exitConfig},
		{"test-without-file", []string{"-t"}, exitConfig},
		{"missing-file", []string{"-c", "testdata/missing.conf"}, exitConfig},
		{"valid", []string{"-c", "testdata/valid.conf", "-t"}, exitClean},
		{"valid-with-flags", []string{"-t", "--config=testdata/valid.conf", "-p", "-1", "-m", "-1", "-n", "other", "-D=false"}, exitClean},
		{"flag-in-conflict", []string{"-t", "-c", "testdata/valid.conf", "-n", "a b"}, exitConfig},
		{"two-broken", []string{"-c", "testdata/broken.conf", "-t"}, exitConfig},
		{"five-rooms", []string{"-c", "testdata/five-rooms.conf", "-t"}, exitConfig},
		{"two-broken-run", []string{"-c", "testdata/broken.conf"}, exitConfig},
		{"syntax", []string{"-c", "testdata/syntax.conf", "-t"}, exitConfig},
		{"unsupported", []string{"-c", "testdata/unsupported.conf", "-t"}, exitConfig},
		{"signal-unknown", []string{"--signal", "dance"}, exitConfig},
		{"signal-no-pid", []string{"-sl", "reload=testdata/valid.conf"}, exitConfig},
		{"signal-group", []string{"-sl", "quit=-1"}, exitConfig},
		{"signal-no-file", []string{"-sl=quit=testdata/none.pid"}, exitConfig},
		{"check", []string{"check", "testdata/check.conf"}, exitClean},
		{"check-accounts", []string{"check", "testdata/check-accounts.conf"}, exitClean},
		{"check-store", []string{"check", "testdata/check-store.conf"}, exitClean},
		{"check-broken", []string{"check", "testdata/broken.conf"}, exitConfig},
		{"check-seed", []string{"check", "testdata/seed.conf"}, exitConfig},
		{"check-missing", []string{"check", "testdata/missing.conf"}, exitConfig},
		{"check-no-file", []string{"check"}, exitConfig},
		{"check-flag", []string{"check", "-x"}, exitConfig},
		{"check-help", []string{"check", "-h"}, exitClean},
		{"passwd-argument", []string{"passwd", "hidden"}, exitConfig},
		{"passwd-cost", []string{"passwd", "-cost", "99"}, exitConfig},
		{"passwd-help", []string{"passwd", "--help"}, exitClean},
		{"nkey-type", []string{"nkey", "-type", "device"}, exitConfig},
		{"nkey-argument", []string{"nkey", "user"}, exitConfig},
		{"nkey-no-file", []string{"nkey", "-inkey", "testdata/missing"}, exitConfig},
		{"nkey-no-seed", []string{"nkey", "-inkey", "testdata/valid.conf"}, exitConfig},
		{"nkey-inkey", []string{"nkey", "-inkey", "testdata/user.nk"}, exitClean},
		{"nkey-help", []string{"nkey", "-h"}, exitClean},
		{"why-nobody", []string{"why"}, exitConfig},
		{"why-number", []string{"why", "-n", "0", "x"}, exitConfig},
		{"why-help", []string{"why", "-h"}, exitClean},
		{"journal-help", []string{"journal", "-h"}, exitClean},
		{"journal-nothing", []string{"journal"}, exitConfig},
		{"journal-verb", []string{"journal", "erase", "testdata"}, exitConfig},
		{"journal-flag", []string{"journal", "ls", "--from", "1", "testdata"}, exitConfig},
		{"journal-two", []string{"journal", "verify", "a", "b"}, exitConfig},
		{"journal-none", []string{"journal", "ls", "testdata"}, exitRunTime},
		{"journal-missing", []string{"journal", "ls", "testdata/missing"}, exitRunTime},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			got := "-- stdout --\n" + stdout.String() + "-- stderr --\n" + stderr.String()
			path := filepath.Join("testdata", tt.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"-v", "--version"} {
		var stdout, stderr bytes.Buffer
		code := run([]string{arg}, &stdout, &stderr)
		if code != exitClean || !strings.HasPrefix(stdout.String(), "leafgate: "+version+" (go1.") || stderr.Len() > 0 {
			t.Errorf("%s: code %d, %q, %q", arg, code, stdout.String(), stderr.String())
		}
	}
}

// TestFlagNames has every name once, so that none is lost.
func TestFlagNames(t *testing.T) {
	for _, args := range []string{
		"-c f", "--config f", "-a h", "--addr h", "--net h", "-p 1", "--port 1", "-m 1", "--http_port 1", "-n x", "--name x",
		"--server_name x", "-P f", "--pid f", "-l f", "--log f", "-sd d", "--store_dir d", "-D", "--debug", "-V", "--trace", "-DV", "-sl stop",
		"--signal stop", "-v", "--version",
	} {
		f, err := parseFlags(strings.Fields(args))
		if err != nil || len(f.given) != 1 {
			t.Errorf("%s: %v, %+v", args, err, f)
		}
	}
}
