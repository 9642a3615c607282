// Command mochi runs mochi-mqtt's server as a peer of benchmarks: one TCP listener, everybody may do everything, nothing
// is kept on disk. It ends with SIGINT or SIGTERM.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func main() {
	limits := mqtt.NewDefaultServerCapabilities()
	listen := flag.String("listen", "127.0.0.1:1883", "`host:port` for MQTT clients")
	pending := flag.Int("pending", int(limits.MaximumClientWritesPending), "messages that may wait for a client; more are dropped")
	show := flag.Bool("v", false, "print the version and exit")
	flag.Parse()
	if *show {
		fmt.Println("mochi:", version())
		return
	}
	limits.MaximumClientWritesPending = int32(*pending)
	limits.MaximumInflight, limits.ReceiveMaximum = math.MaxUint16, math.MaxUint16
	if err := serve(*listen, limits); err != nil {
		fmt.Fprintln(os.Stderr, "mochi:", err)
		os.Exit(1)
	}
}

func serve(addr string, limits *mqtt.Capabilities) error {
	s := mqtt.New(&mqtt.Options{
		Capabilities: limits,
		Logger:       slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err := s.AddHook(new(auth.AllowHook), nil); err != nil {
		return fmt.Errorf("let everybody in: %w", err)
	}
	if err := s.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: addr})); err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	if err := s.Serve(); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	return s.Close()
}

// version is that of the module the server comes from.
func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if strings.HasPrefix(dep.Path, "github.com/mochi-mqtt/server/") {
			return dep.Version
		}
	}
	return "unknown"
}
