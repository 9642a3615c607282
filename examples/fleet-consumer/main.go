// Fleet-consumer watches the sensors of sensor-fleet from the NATS side: no MQTT here, a topic fleet/ID/telemetry is the
// subject fleet.ID.telemetry. When it has heard of enough sensors it prints what each measured last, tells the warmest to
// cool down, and waits until it has.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

var (
	url   = flag.String("url", nats.DefaultURL, "where the NATS server is")
	count = flag.Int("count", 10, "how many sensors to wait for")
	cool  = flag.Float64("set", 4, "what the warmest sensor is set to, in degrees Celsius")
	limit = flag.Duration("timeout", 30*time.Second, "how long to wait for a message")
)

// A fleet is what is known of the sensors.
type fleet struct {
	conn *nats.Conn
	news *nats.Subscription
	last map[string]float64 // degrees Celsius by sensor
}

func main() {
	flag.Parse()
	log.SetFlags(0)
	conn, err := nats.Connect(*url, nats.MaxReconnects(-1))
	if err != nil {
		log.Fatalf("connect: %v", err)
	}
	defer conn.Close()
	news, err := conn.SubscribeSync("fleet.*.*") // telemetry, status and commands, each sensor's
	if err != nil {
		log.Fatalf("subscribe: %v", err)
	}
	f := &fleet{conn, news, make(map[string]float64)}
	if err := f.watch(); err != nil {
		log.Fatalf("after %d sensors: %v", len(f.last), err)
	}
}

func (f *fleet) watch() error {
	for len(f.last) < *count {
		if _, err := f.next(); err != nil {
			return err
		}
	}
	ids := slices.Sorted(maps.Keys(f.last))
	warmest := ids[0]
	for _, id := range ids {
		fmt.Printf("%s %5.1f °C\n", id, f.last[id])
		if f.last[id] > f.last[warmest] {
			warmest = id
		}
	}
	fmt.Printf("%s is the warmest, it is told to cool down to %g °C\n", warmest, *cool)
	command := fmt.Appendf(nil, "set %g", *cool)
	if err := f.conn.Publish("fleet."+warmest+".command", command); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	for f.last[warmest] != *cool {
		if _, err := f.next(); err != nil {
			return err
		}
	}
	fmt.Printf("%s has %g °C\n", warmest, *cool)
	return nil
}

// next takes one message and returns the sensor it was about.
func (f *fleet) next() (id string, err error) {
	m, err := f.news.NextMsg(*limit)
	if err != nil {
		return "", fmt.Errorf("wait for telemetry: %w", err)
	}
	levels := strings.Split(m.Subject, ".")
	id = levels[1]
	switch levels[2] {
	case "status":
		fmt.Printf("%s is %s\n", id, m.Data)
	case "telemetry":
		var reading struct{ Celsius float64 }
		if err := json.Unmarshal(m.Data, &reading); err != nil {
			return id, fmt.Errorf("read telemetry of %s: %w", id, err)
		}
		f.last[id] = reading.Celsius
	}
	return id, nil
}
