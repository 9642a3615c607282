package main

import (
	"context"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// A machine speaks MQTT with the gateway of its site, and knows of nothing else.
//
//	telemetry/SITE/NAME  its temperature, at QoS 1
//	command/SITE/NAME    "cool down"
type machine struct {
	site, name string
	celsius    atomic.Int64
}

// coolest is what a machine cools down to, in degrees Celsius; it warms by one with each measurement.
const coolest = 36

// run measures until ctx ends.
func (m *machine) run(ctx context.Context, url string) {
	m.celsius.Store(coolest)
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(m.name).
		SetConnectRetry(true).SetConnectRetryInterval(100 * time.Millisecond). // the gateway may not be there yet
		SetOnConnectHandler(func(c mqtt.Client) { c.Subscribe("command/"+m.site+"/"+m.name, 1, m.obey) }))
	client.Connect()
	defer client.Disconnect(250)
	tick := time.NewTicker(*interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if client.IsConnectionOpen() {
				client.Publish("telemetry/"+m.site+"/"+m.name, 1, false, fmt.Sprint(m.celsius.Add(1)))
			}
		}
	}
}

func (m *machine) obey(_ mqtt.Client, command mqtt.Message) {
	if string(command.Payload()) == "cool down" {
		m.celsius.Store(coolest)
		log.Printf("%s in %s cools down", m.name, m.site)
	}
}
