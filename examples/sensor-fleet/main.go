// Sensor-fleet plays thermometers that speak MQTT, each over a connection of its own.
//
//	fleet/ID/telemetry  what it measures, JSON, at QoS 1
//	fleet/ID/status     "online" or "offline", retained; the server says "offline" for a sensor that is cut off
//	fleet/ID/command    "set 21.5" changes what it measures
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

var (
	url      = flag.String("url", "tcp://127.0.0.1:1883", "where the MQTT server is")
	count    = flag.Int("count", 10, "how many sensors there are")
	interval = flag.Duration("interval", time.Second, "time between two measurements of a sensor")
)

// A reading is the payload of telemetry.
type reading struct {
	Celsius float64   `json:"celsius"`
	At      time.Time `json:"at"`
}

// A sensor is one thermometer.
type sensor struct {
	id     string
	client mqtt.Client

	mu      sync.Mutex // guards celsius: commands come on a goroutine of the client
	celsius float64
}

func main() {
	flag.Parse()
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var running sync.WaitGroup
	for i := range *count {
		s := newSensor(fmt.Sprintf("sensor-%03d", i+1), 15+float64(i%10))
		if err := wait(s.client.Connect()); err != nil {
			log.Fatalf("connect %s: %v", s.id, err)
		}
		running.Go(func() { s.run(ctx) })
	}
	log.Printf("%d sensors measure every %v, until interrupted", *count, *interval)
	running.Wait()
}

func newSensor(id string, celsius float64) *sensor {
	s := &sensor{id: id, celsius: celsius}
	s.client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(*url).SetClientID(id).
		SetWill(s.topic("status"), "offline", 1, true).
		SetMaxReconnectInterval(5 * time.Second). // it connects again by itself
		SetOnConnectHandler(s.connected).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { log.Printf("%s lost its connection: %v", id, err) }))
	return s
}

func (s *sensor) topic(of string) string { return "fleet/" + s.id + "/" + of }

// connected runs after every connect, the first one and those after a failure.
func (s *sensor) connected(c mqtt.Client) {
	if err := wait(c.Subscribe(s.topic("command"), 1, s.command)); err != nil {
		log.Printf("%s hears no commands: %v", s.id, err)
	}
	c.Publish(s.topic("status"), 1, true, "online")
}

func (s *sensor) command(_ mqtt.Client, m mqtt.Message) {
	var celsius float64
	if _, err := fmt.Sscanf(string(m.Payload()), "set %g", &celsius); err != nil {
		log.Printf("%s does not understand %q", s.id, m.Payload())
		return
	}
	s.mu.Lock()
	s.celsius = celsius
	s.mu.Unlock()
	log.Printf("%s is set to %g", s.id, celsius)
}

// run measures until ctx ends, then says good-bye: no will is published after that.
func (s *sensor) run(ctx context.Context) {
	for tick := time.NewTicker(*interval); ; {
		select {
		case <-ctx.Done():
			_ = wait(s.client.Publish(s.topic("status"), 1, true, "offline"))
			s.client.Disconnect(250)
			return
		case now := <-tick.C:
			s.mu.Lock()
			payload, _ := json.Marshal(reading{s.celsius, now.UTC()})
			s.mu.Unlock()
			s.client.Publish(s.topic("telemetry"), 1, false, payload) // kept and sent again by the client, if need be
		}
	}
}

// wait waits for the server's answer.
func wait(t mqtt.Token) error {
	if !t.WaitTimeout(10 * time.Second) {
		return context.DeadlineExceeded
	}
	return t.Error()
}
