package peers

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"leafgate/internal/peer"
)

// belowHub runs a test on Leafgate and on its peer as leaves of a nats-server with JetStream, whose domain is hub. It begins
// when that can be reached from the leaf. more is what the leaf's configuration says besides.
func belowHub(t *testing.T, more func(name string) string, test func(t *testing.T, hub, leaf *peer.Server)) {
	t.Helper()
	t.Parallel()
	for _, name := range peer.Servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := peer.Start(t, "nats-server", fmt.Sprintf("server_name: HUB\njetstream { domain: hub, store_dir: %q }\n"+
				"leafnodes { listen: \"127.0.0.1:$LEAF_PORT\" }", t.TempDir()))
			leaf := peer.Start(t, name, fmt.Sprintf("server_name: LEAF\nleafnodes { remotes: [ { url: \"nats-leaf://%s\" } ] }\n%s",
				hub.Leaf, more(name)))
			awaitDomain(t, leaf)
			test(t, hub, leaf)
		})
	}
}

// plain is a leaf's configuration that says no more.
func plain(string) string { return "" }

// domain is the hub's JetStream as clients of the leaf have it.
func domain(t *testing.T, leaf *peer.Server, options ...jetstream.JetStreamOpt) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.NewWithDomain(connect(t, leaf), "hub", options...)
	must(t, err)
	return js
}

// awaitDomain returns when the hub's JetStream answers.
func awaitDomain(t *testing.T, leaf *peer.Server) {
	t.Helper()
	js := domain(t, leaf)
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for end := time.Now().Add(patience); ; <-pause.C {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := js.AccountInfo(ctx)
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the hub's JetStream: %v", err)
		}
	}
}

// within is how long a test may wait for all it asks JetStream for.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	return ctx
}

// TestLeafPublishAcknowledged: whatever is published at the leaf with acknowledgement is in the stream above, once.
func TestLeafPublishAcknowledged(t *testing.T) {
	belowHub(t, plain, func(t *testing.T, hub, leaf *peer.Server) {
		const messages = 2000
		ctx, js := within(t), domain(t, leaf, jetstream.WithPublishAsyncMaxPending(256), jetstream.WithPublishAsyncTimeout(patience))
		stream, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
		must(t, err)
		for i := range messages {
			_, err := js.PublishAsync(fmt.Sprintf("orders.%d", i), fmt.Append(nil, i), jetstream.WithMsgID(fmt.Sprint(i)),
				jetstream.WithStallWait(patience))
			must(t, err)
		}
		await(t, "all acknowledgements", js.PublishAsyncComplete())
		ack, err := js.Publish(ctx, "orders.0", []byte("0"), jetstream.WithMsgID("0"))
		must(t, err)
		if !ack.Duplicate || ack.Stream != "ORDERS" || ack.Domain != "hub" {
			t.Errorf("a duplicate is acknowledged as %+v", ack)
		}
		if _, err = js.Publish(ctx, "orders.x", nil, jetstream.WithExpectLastSequence(1)); err == nil {
			t.Error("what the stream refuses is acknowledged")
		}
		reader, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
		must(t, err)
		news, err := reader.Messages()
		must(t, err)
		defer news.Stop()
		for i := range messages {
			m, err := news.Next(jetstream.NextMaxWait(patience))
			must(t, err)
			if want := fmt.Sprintf("orders.%d", i); m.Subject() != want || string(m.Data()) != fmt.Sprint(i) {
				t.Fatalf("message %d is %q of %s", i, m.Data(), m.Subject())
			}
			must(t, m.DoubleAck(ctx))
		}
		info, err := reader.Info(ctx)
		must(t, err)
		if info.NumPending != 0 || info.NumAckPending != 0 || info.AckFloor.Stream != messages {
			t.Errorf("all is acknowledged, and the consumer says %+v", info)
		}
	})
}

// TestLeafKeyValue: a bucket of the hub is one for both sides.
func TestLeafKeyValue(t *testing.T) {
	belowHub(t, plain, func(t *testing.T, hub, leaf *peer.Server) {
		ctx, below := within(t), domain(t, leaf)
		bucket, err := below.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "SET", History: 5})
		must(t, err)
		watcher, err := bucket.WatchAll(ctx)
		must(t, err)
		defer watcher.Stop()
		if e := await(t, "the end of what there is", watcher.Updates()); e != nil {
			t.Fatalf("an empty bucket has %+v", e)
		}
		js, err := jetstream.New(connect(t, hub))
		must(t, err)
		above, err := js.KeyValue(ctx, "SET")
		must(t, err)
		first, err := above.PutString(ctx, "press.1", "on")
		must(t, err)
		if e := await(t, "what was put above", watcher.Updates()); e.Key() != "press.1" || string(e.Value()) != "on" || e.Revision() != first {
			t.Fatalf("heard of %+v", e)
		}
		second, err := bucket.Update(ctx, "press.1", []byte("off"), first)
		must(t, err)
		if _, err := bucket.Update(ctx, "press.1", []byte("late"), first); err == nil {
			t.Error("an update of what has changed meanwhile is taken")
		}
		e, err := above.Get(ctx, "press.1")
		must(t, err)
		if string(e.Value()) != "off" || e.Revision() != second {
			t.Errorf("above it is %q, revision %d", e.Value(), e.Revision())
		}
		must(t, bucket.Delete(ctx, "press.1"))
		if _, err := above.Get(ctx, "press.1"); err != jetstream.ErrKeyNotFound {
			t.Errorf("a deleted key: %v", err)
		}
		history, err := bucket.History(ctx, "press.1")
		must(t, err)
		if len(history) != 3 {
			t.Errorf("history has %d entries", len(history))
		}
	})
}

// TestLeafObjects: an object, with chunks larger than most messages, goes up and comes down whole.
func TestLeafObjects(t *testing.T) {
	belowHub(t, plain, func(t *testing.T, hub, leaf *peer.Server) {
		ctx, below := within(t), domain(t, leaf)
		store, err := below.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: "FIRMWARE"})
		must(t, err)
		image := bytes.Repeat([]byte("0123456789abcde\n"), 1<<16) // 1 MiB
		_, err = store.PutBytes(ctx, "press", image)
		must(t, err)
		js, err := jetstream.New(connect(t, hub))
		must(t, err)
		above, err := js.ObjectStore(ctx, "FIRMWARE")
		must(t, err)
		for side, s := range map[string]jetstream.ObjectStore{"above": above, "below": store} {
			got, err := s.GetBytes(ctx, "press")
			must(t, err)
			if !bytes.Equal(got, image) {
				t.Errorf("%s it has %d bytes", side, len(got))
			}
		}
	})
}

// TestLeafDevices: what MQTT devices publish at the leaf is kept by a stream above.
func TestLeafDevices(t *testing.T) {
	mqtt := func(name string) string {
		text := "mqtt { listen: \"127.0.0.1:$MQTT_PORT\" }\n"
		if name != "leafgate" { // has no MQTT without streams of its own
			text += fmt.Sprintf("jetstream { domain: leaf, store_dir: %q }\n", t.TempDir())
		}
		return text
	}
	belowHub(t, mqtt, func(t *testing.T, hub, leaf *peer.Server) {
		const messages = 200
		ctx, up := within(t), connect(t, hub)
		js, err := jetstream.New(up)
		must(t, err)
		stream, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "TELEMETRY", Subjects: []string{"telemetry.>"}})
		must(t, err)
		awaitInterest(t, connect(t, leaf), "telemetry.ready") // which the stream keeps
		versions := dialects()
		if leaf.Name != "leafgate" {
			versions = versions[:1] // 3.1.1
		}
		for i, d := range versions {
			device := d.dial(t, leaf, mqttOptions{id: fmt.Sprintf("device-%d", i)})
			for n := range messages {
				device.publish(mqttMessage{topic: fmt.Sprintf("telemetry/%d/temp", i), payload: fmt.Sprint(n), qos: 1})
			}
		}
		for i := range versions {
			subject := fmt.Sprintf("telemetry.%d.temp", i)
			reader, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
			must(t, err)
			for n := range messages {
				m, err := reader.Next(jetstream.FetchMaxWait(patience))
				must(t, err)
				if m.Subject() != subject || string(m.Data()) != fmt.Sprint(n) {
					t.Fatalf("message %d of %s is %q of %s", n, subject, m.Data(), m.Subject())
				}
			}
		}
		hears := dialPaho3(t, leaf, mqttOptions{id: "hears"})
		hears.subscribe(1, "command/+")
		awaitInterest(t, up, "command.ready")
		if got := hears.next(); got.topic != "command/ready" {
			t.Errorf("first it hears %+v", got)
		}
		must(t, up.PublishMsg(&nats.Msg{Subject: "command.7", Data: []byte("on"), Header: nats.Header{"Trace": {"1"}}}))
		if got := hears.next(); got.topic != "command/7" || got.payload != "on" {
			t.Errorf("then it hears %+v", got)
		}
	})
}
