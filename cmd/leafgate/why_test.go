package main

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"leafgate/gateway/gatewaytest"
)

func TestWhy(t *testing.T) {
	g := gatewaytest.Start(t, `
http_port: -1
http_base_path: gw
authorization { user: ann, password: apple, permissions: { publish: "a" } }
monitor { authorization { user: ops, password: s3cret } }
`)
	conn, err := net.Dial("tcp", g.Addr("natsproto")[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "CONNECT {\"user\":\"ann\",\"pass\":\"apple\",\"name\":\"pump\\u001b[31m\"}\r\nPUB b 0\r\n\r\nPUB b 0\r\n\r\n")
	at := g.Addr("monitor")[0].String() + "/gw"
	ask := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"why"}, args...), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(5 * time.Millisecond) {
		code, out, errs := ask("-s", "http://ops:s3cret@"+at, "ann")
		if code != exitClean || errs != "" && !strings.Contains(errs, "nothing happened lately to ann") {
			t.Fatalf("exit code %d, %q, %q", code, out, errs)
		}
		if strings.Contains(out, "refused (2 times)") {
			for _, want := range []string{"Permissions Violation", "client pump?[31m, user ann, from 127.0.0.1:", `"b"`} {
				if !strings.Contains(out, want) {
					t.Errorf("%q does not say %q", out, want)
				}
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("gave up: %q", out)
		}
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-s", "http://ops:wr0ng@" + at, "ann"}, exitRunTime, "401 Unauthorized"},
		{[]string{"-s", "http://ops:wr0ng@127.0.0.1:1", "ann"}, exitRunTime, "connection refused"},
		{[]string{"-s", "ops:wr0ng@127.0.0.1:1", "ann"}, exitRunTime, "not one"},
		{[]string{"-s", "http://ops:s3cret@" + at, "nobody"}, exitClean, "nothing happened lately to nobody"},
	} {
		if code, out, errs := ask(tt.args...); code != tt.code || out != "" || !strings.Contains(errs, tt.want) ||
			strings.Contains(errs, "s3cret") || strings.Contains(errs, "wr0ng") {
			t.Errorf("%v: exit code %d, %q, %q, want %q", tt.args, code, out, errs, tt.want)
		}
	}
}
