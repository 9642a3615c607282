package peers

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"leafgate/internal/peer"
)

func TestMQTTGoQoS(t *testing.T) {
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		pub := d.dial(t, s, mqttOptions{})
		for granted := range byte(3) {
			sub := d.dial(t, s, mqttOptions{})
			sub.subscribe(granted, "q/+")
			for qos := range byte(3) {
				for i := range 50 {
					pub.publish(mqttMessage{topic: "q/1", payload: strconv.Itoa(i), qos: qos})
				}
				for i := range 50 {
					want(t, sub, mqttMessage{topic: "q/1", payload: strconv.Itoa(i), qos: min(qos, granted)})
				}
			}
			sub.unsubscribe("q/+")
			sub.subscribe(granted, "end")
			pub.publish(mqttMessage{topic: "q/1", payload: "nobody", qos: 1})
			pub.publish(mqttMessage{topic: "end"})
			want(t, sub, mqttMessage{topic: "end"})
		}
	})
}

func TestMQTTGoRetained(t *testing.T) {
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		set := func(topic, payload string, qos byte) mqttMessage {
			return mqttMessage{topic: d.name + "/" + topic, payload: payload, qos: qos, retain: true}
		}
		pub, live := d.dial(t, s, mqttOptions{}), d.dial(t, s, mqttOptions{})
		live.subscribe(2, d.name+"/#")
		steps := []mqttMessage{set("a/1", "first", 1), set("a/1", "second", 2), set("a/2", "other", 0), set("b", "gone", 1), set("b", "", 1)}
		for _, m := range steps {
			pub.publish(m)
			m.retain = false
			want(t, live, m)
		}
		for filter, kept := range map[string][]mqttMessage{
			"#": {steps[1], steps[2]}, "a/+": {steps[1], steps[2]}, "+/1": {steps[1]}, "a/1": {steps[1]}, "b": nil, "a": nil,
		} {
			sub := d.dial(t, s, mqttOptions{})
			sub.subscribe(2, d.name+"/"+filter)
			sub.subscribe(0, "end") // retained messages come before anything else that a client asks for later
			pub.publish(mqttMessage{topic: "end"})
			var got []mqttMessage
			for m := sub.next(); m.topic != "end"; m = sub.next() {
				got = append(got, m)
			}
			slices.SortFunc(got, func(a, b mqttMessage) int { return strings.Compare(a.topic, b.topic) })
			if !slices.Equal(got, kept) {
				t.Errorf("%s: got %+v, want %+v", filter, got, kept)
			}
			sub.close()
		}
	})
}

func TestMQTTGoWill(t *testing.T) {
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		watcher := d.dial(t, s, mqttOptions{})
		topic := "will/" + d.name
		watcher.subscribe(1, topic)
		will := mqttOptions{id: "mortal " + d.name, will: &mqttMessage{topic: topic, payload: "offline", qos: 1, retain: true}}
		d.dial(t, s, will).drop()
		want(t, watcher, mqttMessage{topic: topic, payload: "offline", qos: 1})
		late := d.dial(t, s, mqttOptions{})
		late.subscribe(1, topic)
		want(t, late, *will.will)

		d.dial(t, s, will).close()
		watcher.publish(mqttMessage{topic: topic, payload: "round trip", qos: 1})
		want(t, watcher, mqttMessage{topic: topic, payload: "round trip", qos: 1})
		d.dial(t, s, mqttOptions{id: will.id}).publish(mqttMessage{topic: topic, payload: "well", qos: 1})
		want(t, watcher, mqttMessage{topic: topic, payload: "well", qos: 1})
	})
}

// What comes while a client is away waits for it, in order. Behind a connection that broke, what it had not acknowledged
// comes again first.
func TestMQTTGoPersistentSession(t *testing.T) {
	const messages = 200
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		me, topic := mqttOptions{id: "sleeper " + d.name, keep: true}, "session/"+d.name
		message := func(i int) mqttMessage {
			return mqttMessage{topic: topic + "/x", payload: strconv.Itoa(i), qos: byte(1 + i%2)}
		}
		pub, sub := d.dial(t, s, mqttOptions{}), d.dial(t, s, me)
		if sub.resumed() {
			t.Fatal("a new client has a session")
		}
		sub.subscribe(2, topic+"/+")
		sent := 0
		for round, end := range []func(mqttClient){mqttClient.close, mqttClient.drop, mqttClient.close} {
			end(sub)
			for i := range messages {
				pub.publish(message(sent + i))
			}
			pub.publish(mqttMessage{topic: topic + "/x", payload: "QoS 0 is for those who are here"})
			if sub = d.dial(t, s, me); !sub.resumed() {
				t.Fatalf("round %d: no session", round)
			}
			m := sub.next()
			for ; number(m) < sent; m = sub.next() {
			}
			for i := range messages - 1 {
				if m != message(sent+i) {
					t.Fatalf("round %d: got %+v, want %+v", round, m, message(sent+i))
				}
				m = sub.next()
			}
			sent += messages
		}
		sub.close()
		if clean := d.dial(t, s, mqttOptions{id: me.id}); clean.resumed() {
			t.Fatal("a clean start finds a session")
		}
		if again := d.dial(t, s, me); again.resumed() {
			t.Fatal("the session outlives a clean start")
		}
	})
}

// number is that of a message whose payload is one; others are far above all.
func number(m mqttMessage) int {
	n, err := strconv.Atoi(m.payload)
	if err != nil {
		return 1 << 30
	}
	return n
}

func TestMQTTGoTakeover(t *testing.T) {
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		me, topic := mqttOptions{id: "twin " + d.name, keep: true}, "twin/"+d.name
		first := d.dial(t, s, me)
		first.subscribe(1, topic)
		for range 5 {
			second := d.dial(t, s, me)
			await(t, "end of the first connection", first.lost())
			if !second.resumed() {
				t.Fatal("the second has no session")
			}
			second.publish(mqttMessage{topic: topic, payload: "mine", qos: 1})
			want(t, second, mqttMessage{topic: topic, payload: "mine", qos: 1})
			first = second
		}
	})
}

// Each message goes to one member of a group, and each member gets some.
func TestMQTTGoSharedSubscription(t *testing.T) {
	const messages = 600
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		pub, topic := d.dial(t, s, mqttOptions{}), "work/"+d.name
		type took struct {
			member  int
			payload string
		}
		got := make(chan took, 2*messages)
		for member := range 3 {
			sub := d.dial(t, s, mqttOptions{handle: func(m mqttMessage) { got <- took{member, m.payload} }})
			sub.subscribe(1, "$share/crew/"+topic+"/#")
		}
		everything := d.dial(t, s, mqttOptions{})
		everything.subscribe(1, topic+"/#")
		for i := range messages {
			pub.publish(mqttMessage{topic: topic + "/x y", payload: strconv.Itoa(i), qos: 1})
		}
		counts, seen := make(map[int]int), make(map[string]bool)
		for range messages {
			one := await(t, "message", got)
			counts[one.member]++
			if seen[one.payload] {
				t.Fatalf("%s came twice", one.payload)
			}
			seen[one.payload] = true
			want(t, everything, mqttMessage{topic: topic + "/x y", payload: strconv.Itoa(len(seen) - 1), qos: 1})
		}
		if len(counts) != 3 || slices.Min(slices.Collect(maps.Values(counts))) < messages/10 {
			t.Errorf("members took %v", counts)
		}
	})
}

func TestMQTTGoLargePayload(t *testing.T) {
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		pub, sub := d.dial(t, s, mqttOptions{}), d.dial(t, s, mqttOptions{})
		sub.subscribe(2, "large")
		for i, size := range []int{1<<20 - 1, 1 << 20, 1 << 16, 1<<20 - 2} {
			m := mqttMessage{topic: "large", payload: strings.Repeat("0123456789abcde\n", 1<<16)[:size], qos: byte(i % 3)}
			pub.publish(m)
			want(t, sub, m)
		}
	})
}

func TestMQTTGoTLS(t *testing.T) {
	cert, key := certificate(t)
	config := brokerConfig{
		mqtt:      fmt.Sprintf("tls { cert_file: %q, key_file: %q }", cert, key),
		mosquitto: fmt.Sprintf("certfile %s\nkeyfile %s", cert, key),
	}
	pem, err := os.ReadFile(cert)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	inEachDialect(t, config, func(t *testing.T, s *peer.Server, d dialect) {
		o := mqttOptions{tls: &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}}
		pub, sub := d.dial(t, s, o), d.dial(t, s, o)
		sub.subscribe(1, "secret")
		for i := range 20 {
			m := mqttMessage{topic: "secret", payload: strings.Repeat(strconv.Itoa(i), 200_000), qos: byte(i % 2)}
			pub.publish(m)
			want(t, sub, m)
		}
		c, err := tls.Dial("tcp", s.MQTT, nil)
		if err == nil {
			c.Close()
			t.Fatal("a client without the authority connects")
		}
	})
}

// A subscriber that takes its time, and publishers that do not wait: acknowledgements are withheld from them, no message
// that was acknowledged is lost, and all come in order.
func TestMQTTGoSlowSubscriber(t *testing.T) {
	const messages, size = 30_000, 200
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		work, topic := make([]byte, 64<<10), "slow/"+d.name
		var n atomic.Int64
		done, wrong := make(chan struct{}), make(chan string, messages)
		sub := d.dial(t, s, mqttOptions{id: "slow " + d.name, keep: true, handle: func(m mqttMessage) {
			_ = sha256.Sum256(work)
			at := n.Add(1)
			if want := fmt.Sprintf("%0*d", size, at); m.payload != want {
				wrong <- fmt.Sprintf("message %d is %s", at, strings.TrimLeft(m.payload, "0"))
			}
			if at == messages {
				close(done)
			}
		}})
		sub.subscribe(1, topic)
		all := make([]mqttMessage, messages)
		for i := range all {
			all[i] = mqttMessage{topic: topic, payload: fmt.Sprintf("%0*d", size, i+1), qos: 1}
		}
		d.dial(t, s, mqttOptions{}).publishAll(all)
		select {
		case <-done:
		case text := <-wrong:
			t.Fatal(text)
		case <-timeout():
			t.Fatalf("%d of %d messages", n.Load(), messages)
		}
	})
}

// Two clients, each of which sends the other more than a queue holds, and neither waits: what they acknowledge stands behind
// what they publish, and still nobody waits for ever, and nothing is lost.
func TestMQTTGoFlood(t *testing.T) {
	const messages = 12_000
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		if s.Name == "mosquitto" {
			t.Skip("it loses messages that come faster than they can go")
		}
		var got [2]atomic.Int64
		var clients [2]mqttClient
		done := make(chan struct{}, 2)
		topic := func(who int) string { return fmt.Sprintf("flood/%s/%d", d.name, who) }
		for who := range clients {
			clients[who] = d.dial(t, s, mqttOptions{handle: func(mqttMessage) {
				if got[who].Add(1) == messages {
					done <- struct{}{}
				}
			}})
			clients[who].subscribe(1, topic(who))
		}
		var flooding sync.WaitGroup
		for who, c := range clients {
			all := make([]mqttMessage, messages)
			for i := range all {
				all[i] = mqttMessage{topic: topic(1 - who), payload: strconv.Itoa(i), qos: 1}
			}
			flooding.Go(func() { c.flood(all) })
		}
		defer flooding.Wait()
		for range got {
			select {
			case <-done:
			case <-timeout():
				t.Fatalf("%d and %d of %d messages", got[0].Load(), got[1].Load(), messages)
			}
		}
	})
}

// A publisher at QoS 2 that does not wait.
func TestMQTTGoManyAtQoS2(t *testing.T) {
	const messages = 15_000
	inEachDialect(t, brokerConfig{}, func(t *testing.T, s *peer.Server, d dialect) {
		if s.Name == "mosquitto" {
			t.Skip("it cuts a client that does not wait")
		}
		sub, topic := d.dial(t, s, mqttOptions{}), "twice/"+d.name
		sub.subscribe(2, topic)
		all := make([]mqttMessage, messages)
		for i := range all {
			all[i] = mqttMessage{topic: topic, payload: strconv.Itoa(i), qos: 2}
		}
		d.dial(t, s, mqttOptions{}).publishAll(all)
		for _, m := range all {
			want(t, sub, m)
		}
	})
}
