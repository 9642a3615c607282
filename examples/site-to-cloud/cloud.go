package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// tooHot is the temperature at which a machine is told to cool down, in degrees Celsius.
const tooHot = 40

// A cloud is the view from above: no MQTT here.
type cloud struct {
	conn *nats.Conn
	news jetstream.Consumer // of the stream
}

// connect waits until the cluster has agreed on a stream that keeps telemetry, once on each server.
func connect(ctx context.Context, urls string) (*cloud, error) {
	conn, err := nats.Connect(urls, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	for {
		c := &cloud{conn: conn}
		if c.news, err = follow(ctx, js); err == nil {
			log.Printf("the cloud is up, stream TELEMETRY keeps telemetry.>")
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("create a stream: %w", err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// follow creates the stream and a consumer of it, or finds them.
func follow(ctx context.Context, js jetstream.JetStream) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	stream, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "TELEMETRY", Subjects: []string{"telemetry.>"}, Replicas: 3})
	if err != nil {
		return nil, err
	}
	return stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: "watch", AckPolicy: jetstream.AckExplicitPolicy})
}

// watch prints what the stream keeps, and answers it, until ctx ends.
func (c *cloud) watch(ctx context.Context) error {
	reading, err := c.news.Consume(c.react, jetstream.PullExpiry(4*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return fmt.Errorf("read the stream: %w", err)
	}
	defer reading.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-reading.Closed():
		return errors.New("the stream cannot be read any more")
	}
}

// react tells a machine that is too hot to cool down: telemetry.berlin.press-1 hears command.berlin.press-1. Should that get
// lost, the next measurement brings it about again.
func (c *cloud) react(m jetstream.Msg) {
	kept, err := m.Metadata()
	if err != nil || m.Ack() != nil {
		return // it comes again
	}
	log.Printf("%d. %s %s °C", kept.Sequence.Stream, m.Subject(), m.Data())
	if celsius, err := strconv.ParseFloat(string(m.Data()), 64); err == nil && celsius >= tooHot {
		_ = c.conn.Publish("command."+strings.TrimPrefix(m.Subject(), "telemetry."), []byte("cool down"))
	}
}
