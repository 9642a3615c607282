package gateway_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/internal/logging"
	"leafgate/module"
)

func TestTrace(t *testing.T) {
	if module.LevelTrace != logging.LevelTrace {
		t.Fatal("two levels for the same")
	}
	var out lockedBuffer
	log := logging.New(&out, logging.Options{Trace: true})
	g := gatewaytest.StartWith(t, gateway.Options{Text: `authorization { token: topsecret }`, Log: log.Logger()})
	c := dial(t, g)
	fmt.Fprint(c, "CONNECT {\"verbose\":false,\"auth_token\":\"topsecret\"}\r\nSUB a.b 1\r\nPUB c.d 13\r\nhidden secret\r\nPING\r\n")
	if got := c.line(); got != "PONG" {
		t.Fatal(got)
	}
	shutdown(t, g)
	text := out.String()
	for _, want := range []string{"line=CONNECT", `line="SUB a.b 1"`, `line="PUB c.d 13"`, "line=PING"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	if strings.Contains(text, "secret") {
		t.Errorf("a secret stands in %s", text)
	}
}

func TestNoTraceUnlessAskedFor(t *testing.T) {
	var out lockedBuffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g := gatewaytest.StartWith(t, gateway.Options{Log: log})
	dial(t, g).login("", "")
	shutdown(t, g)
	if text := out.String(); strings.Contains(text, "line=") {
		t.Errorf("got %s", text)
	}
}
