// Site-to-cloud runs a whole landscape on this machine: three nats-servers with JetStream, which are the cloud, and two
// gateways below them, berlin and lyon, with two MQTT machines each. README.md says what there is to see.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	leafgate   = flag.String("leafgate", "", "the gateway's `program`; built from this checkout if empty")
	natsServer = flag.String("nats-server", "", "the cloud's `program`; built as internal/tools pins it if empty")
	dir        = flag.String("dir", "", "`folder` for configurations, logs and streams; a new one, removed at the end, if empty")
	free       = flag.Bool("free", false, "take ports that are free in place of those in README.md")
	interval   = flag.Duration("interval", time.Second, "time between two measurements of a machine")
)

//go:embed *.conf
var confs embed.FS

var (
	sites    = []string{"berlin", "lyon"}
	machines = []string{"press-1", "press-2"}
)

func main() {
	flag.Parse()
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var all landscape
	err := all.run(ctx)
	if ctx.Err() != nil {
		err = nil // we were asked to end
	}
	stop()
	all.running.Wait() // for everybody to end in peace
	if *dir == "" {
		_ = os.RemoveAll(all.dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// A landscape is everything that runs.
type landscape struct {
	dir     string
	running sync.WaitGroup
}

func (l *landscape) run(ctx context.Context) (err error) {
	if l.dir = *dir; l.dir == "" {
		if l.dir, err = os.MkdirTemp("", "site-to-cloud-"); err != nil {
			return err
		}
	}
	if err := build(ctx, l.dir); err != nil {
		return err
	}
	clients, cluster, leaves := ports(4222, 3), ports(6222, 3), ports(7422, 3)
	for i := range 3 {
		err := l.start(ctx, *natsServer, "cloud.conf", fmt.Sprintf("cloud-%d", i+1), "CLIENTS", clients[i], "CLUSTER", cluster[i],
			"LEAVES", leaves[i], "ROUTES", list("nats-route://", cluster))
		if err != nil {
			return err
		}
	}
	local, devices, pages := ports(4232, len(sites)), ports(1883, len(sites)), ports(8222, len(sites))
	for i, site := range sites {
		err := l.start(ctx, *leafgate, "site.conf", site, "CLIENTS", local[i], "MQTT", devices[i], "PAGES", pages[i],
			"HUBS", list("nats-leaf://", leaves))
		if err != nil {
			return err
		}
	}
	c, err := connect(ctx, "nats://"+strings.Join(clients, ",nats://"))
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for i, site := range sites {
		for _, name := range machines {
			l.running.Go(func() { (&machine{site: site, name: name}).run(ctx, "tcp://"+devices[i]) })
		}
	}
	return c.watch(ctx)
}
