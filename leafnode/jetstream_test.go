package leafnode_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go/jetstream"

	"leafgate/gateway/gatewaytest"
)

// TestJetStream: streams and buckets of the hub are used from the site by the hub's domain.
func TestJetStream(t *testing.T) {
	hub := startHub(t, hubConf("")+fmt.Sprintf("jetstream { domain: hub, store_dir: %q }", t.TempDir()))
	site := startSite(t, remote(hub, ""))
	down := connect(t, siteURL(site))
	js, err := jetstream.NewWithDomain(down, "hub")
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stream jetstream.Stream
	until(t, "the hub's streams can be reached", func() bool {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		stream, err = js.CreateOrUpdateStream(short, jetstream.StreamConfig{Name: "S", Subjects: []string{"telemetry.>"}})
		return err == nil
	})
	const messages = 100
	for i := range messages {
		ack, err := js.Publish(ctx, fmt.Sprintf("telemetry.%d", i), []byte("x"))
		must(t, err)
		if ack.Sequence != uint64(i+1) || ack.Domain != "hub" {
			t.Fatalf("acknowledged as %+v", ack)
		}
	}
	c, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: "C", AckPolicy: jetstream.AckExplicitPolicy})
	must(t, err)
	batch, err := c.Fetch(messages, jetstream.FetchMaxWait(patience))
	must(t, err)
	n := 0
	for m := range batch.Messages() {
		if want := fmt.Sprintf("telemetry.%d", n); m.Subject() != want {
			t.Errorf("message %d is of %s", n, m.Subject())
		}
		must(t, m.DoubleAck(ctx))
		n++
	}
	if info, err := c.Info(ctx); err != nil || n != messages || info.NumAckPending != 0 || info.NumPending != 0 {
		t.Errorf("%d fetched, then %+v, %v", n, info, err)
	}
	kv, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "B"})
	must(t, err)
	_, err = kv.PutString(ctx, "k", "v")
	must(t, err)
	e, err := kv.Get(ctx, "k")
	must(t, err)
	if string(e.Value()) != "v" {
		t.Errorf("got %q", e.Value())
	}
}

// TestDevices: what MQTT devices publish is stored above, and they hear what is said there.
func TestDevices(t *testing.T) {
	hub := startHub(t, hubConf("")+fmt.Sprintf("jetstream { domain: hub, store_dir: %q }", t.TempDir()))
	site := gatewaytest.Start(t, siteConf(remote(hub, ""))+"mqtt { listen: \"127.0.0.1:-1\" }")
	awaitUp(t, site, 0)
	up := connect(t, hub.URL)
	js, err := jetstream.New(up)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stream, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "S", Subjects: []string{"fab.>"}})
	must(t, err)
	device := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + site.Addr("mqtt")[0].String()).SetClientID("device"))
	wait := func(tok mqtt.Token) {
		t.Helper()
		if !tok.WaitTimeout(patience) || tok.Error() != nil {
			t.Fatalf("device: %v", tok.Error())
		}
	}
	wait(device.Connect())
	defer device.Disconnect(100)
	said := make(chan string, 100)
	wait(device.Subscribe("cmd/+/set", 1, func(_ mqtt.Client, m mqtt.Message) { said <- m.Topic() + " " + string(m.Payload()) }))
	seen := subscribe(t, up, "fab.7.temp")
	until(t, "the device is heard above", func() bool {
		wait(device.Publish("fab/7/temp", 1, false, "21"))
		n, _, _ := seen.Pending()
		return n > 0
	})
	want(t, seen, "21")
	until(t, "it is stored there", func() bool {
		info, err := stream.Info(ctx)
		return err == nil && info.State.Msgs > 0
	})
	awaitCount(t, "what the device wants is known", func() int { return interestIn(t, hub, "cmd.*.set") }, 1)
	publish(t, up, "cmd.7.set", "on")
	select {
	case got := <-said:
		if got != "cmd/7/set on" {
			t.Errorf("the device got %q", got)
		}
	case <-time.After(patience):
		t.Error("the device got nothing")
	}
}

// TestTooLarge: a message that the hub does not take is dropped here, counted, and the link stays.
func TestTooLarge(t *testing.T) {
	hub := startHub(t, "max_payload: 1000\n"+hubConf(""))
	site := startSite(t, remote(hub, ""))
	up, down := connect(t, hub.URL), connect(t, siteURL(site))
	s := subscribe(t, up, "picture")
	awaitInterest(t, down, "picture")
	want(t, s, "ready?")
	for range 10 {
		publish(t, down, "picture", strings.Repeat("x", 1001))
	}
	publish(t, down, "picture", strings.Repeat("x", 1000))
	want(t, s, strings.Repeat("x", 1000))
	if u := uplinks(site)[0]; !u.Connected || u.Dropped != 10 || u.Attempts != 0 {
		t.Errorf("the link says of itself %+v", u)
	}
}
