package main

import (
	"fmt"
	"strings"
	"testing"

	"leafgate/config"
)

func TestOverride(t *testing.T) {
	tests := []struct{ text, args, want string }{
		{"", "", ""},
		{"", "-a 10.0.0.1 -p 5000", "host=10.0.0.1 port=5000"},
		{"net: 10.0.0.2, port: 1", "-a 10.0.0.1 -p 5000", "net=10.0.0.1 port=5000"},
		{`listen: "10.0.0.2:1"`, "-p 5000", `listen=10.0.0.2:1 port=5000`},
		{"", "-m 8222", "http_port=8222"},
		{"monitor_port: 1", "-m 8222", "monitor_port=8222"},
		{`http: "10.0.0.2:1"`, "-m 8222", "http=10.0.0.2:8222"},
		{`http: "[::1]:1"`, "-m -1", "http=[::1]:-1"},
		{"http: 1", "-m 8222", "http=:8222"},
		{"debug: true, trace: true", "-D=false", "debug=false trace=true"},
		{"", "-DV", "debug=true trace=true"},
		{"", "-sd d", "store_dir=d"},
		{"storedir: a", "--store_dir d", "storedir=d"},
		{"store { dir: a }", "-sd d", "dir=d"},
		{"pidfile: a, logfile: b", "-P c -l d -n e", "pidfile=c logfile=d server_name=e"},
	}
	for _, tt := range tests {
		conf, err := config.Parse("test.conf", tt.text)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parseFlags(strings.Fields(tt.args))
		if err != nil {
			t.Fatal(err)
		}
		f.override(conf)
		var got []string
		for _, key := range []string{"listen", "host", "net", "port", "http", "http_port", "monitor_port", "debug", "trace",
			"pid_file", "pidfile", "log_file", "logfile", "store_dir", "storedir", "server_name"} {
			if v, ok := conf.Value(key); ok {
				got = append(got, fmt.Sprintf("%s=%v", key, v))
			}
		}
		if v, ok := conf.Block("store").Value("dir"); ok {
			got = append(got, fmt.Sprintf("dir=%v", v))
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%q %q: %s, want %s", tt.text, tt.args, s, tt.want)
		}
	}
}
