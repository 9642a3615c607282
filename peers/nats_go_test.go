package peers

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

func TestGoReconnects(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		gone, back := make(chan error, 9), make(chan struct{}, 9)
		got := make(chan *nats.Msg, 9)
		nc := connect(t, s, nats.ReconnectWait(5*time.Millisecond), nats.MaxReconnects(-1),
			nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { gone <- err }),
			nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }))
		for _, subject := range []string{"plain.*", "queued"} {
			_, err := nc.ChanQueueSubscribe(subject, map[bool]string{true: "group"}[subject == "queued"], got)
			must(t, err)
		}
		for _, end := range []func(){s.Stop, s.Kill} {
			end()
			await(t, "disconnect", gone)
			must(t, nc.Publish("plain.1", []byte("while away")))
			s.Restart()
			await(t, "reconnect", back)
			must(t, nc.Publish("queued", []byte("after")))
			if a, b := await(t, "message", got), await(t, "message", got); string(a.Data) != "while away" || string(b.Data) != "after" {
				t.Fatalf("got %q and %q", a.Data, b.Data)
			}
		}
	})
}

// Drain takes what is under way, and nothing after it.
func TestGoDrains(t *testing.T) {
	const messages = 5000
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		closed := make(chan struct{})
		nc := connect(t, s, nats.ClosedHandler(func(*nats.Conn) { close(closed) }), nats.DrainTimeout(patience))
		other := connect(t, s)
		got, begun := 0, make(chan struct{})
		_, err := nc.QueueSubscribe("d", "q", func(*nats.Msg) {
			if got++; got == 1 {
				close(begun)
			}
		})
		must(t, err)
		must(t, nc.Flush())
		for range messages {
			must(t, other.Publish("d", nil))
		}
		must(t, other.Flush())
		await(t, "first message", begun)
		must(t, nc.Drain())
		await(t, "close", closed)
		if got != messages {
			t.Errorf("%d of %d messages", got, messages)
		}
		if _, err := other.Request("d", nil, patience); !errors.Is(err, nats.ErrNoResponders) {
			t.Errorf("after drain: %v", err)
		}
	})
}

func TestGoManySubscriptions(t *testing.T) {
	const subscriptions = 10_000
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		nc, other := connect(t, s), connect(t, s)
		got := make(chan *nats.Msg, 2*subscriptions)
		subs := make([]*nats.Subscription, subscriptions)
		for i := range subs {
			var err error
			subs[i], err = nc.ChanSubscribe(fmt.Sprintf("many.%d", i), got)
			must(t, err)
		}
		must(t, nc.Flush())
		for i := range subs {
			must(t, other.Publish(fmt.Sprintf("many.%d", i), nil))
		}
		for i := range subs {
			if want, m := fmt.Sprintf("many.%d", i), await(t, "message", got); m.Subject != want {
				t.Fatalf("got %s, want %s", m.Subject, want)
			}
		}
		for i := range subs[1:] {
			must(t, subs[i].Unsubscribe())
		}
		must(t, nc.Flush())
		for i := range subs {
			must(t, other.Publish(fmt.Sprintf("many.%d", i), nil))
		}
		if want, m := fmt.Sprintf("many.%d", subscriptions-1), await(t, "message", got); m.Subject != want {
			t.Fatalf("got %s, want %s only", m.Subject, want)
		}
	})
}

func TestGoNoResponders(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		nc := connect(t, s)
		if _, err := nc.Request("nobody", nil, patience); !errors.Is(err, nats.ErrNoResponders) {
			t.Fatalf("got %v", err)
		}
		_, err := nc.Subscribe("somebody", func(m *nats.Msg) { _ = m.Respond([]byte("yes")) })
		must(t, err)
		m, err := nc.Request("somebody", nil, patience)
		if err != nil || string(m.Data) != "yes" {
			t.Fatalf("got %v, %v", m, err)
		}
	})
}

func TestGoLargestPayload(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		nc := connect(t, s)
		payload := make([]byte, nc.MaxPayload())
		if len(payload) != 1<<20 {
			t.Fatalf("max_payload is %d", len(payload))
		}
		_, _ = rand.Read(payload)
		sub, err := nc.SubscribeSync("big")
		must(t, err)
		for range 8 {
			must(t, nc.Publish("big", payload))
			m, err := sub.NextMsg(patience)
			must(t, err)
			if !bytes.Equal(m.Data, payload) {
				t.Fatalf("%d bytes came back, not the same", len(m.Data))
			}
		}
		if err := nc.Publish("big", append(payload, 0)); !errors.Is(err, nats.ErrMaxPayload) {
			t.Fatalf("one byte more: %v", err)
		}
	})
}

func TestGoHeaders(t *testing.T) {
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		nc := connect(t, s)
		sub, err := nc.SubscribeSync("h")
		must(t, err)
		out := &nats.Msg{Subject: "h", Reply: "r", Data: []byte("d"), Header: nats.Header{"A": {"1", "2"}, "b-C": {"x y"}}}
		must(t, nc.PublishMsg(out))
		m, err := sub.NextMsg(patience)
		must(t, err)
		if m.Reply != "r" || string(m.Data) != "d" || fmt.Sprint(m.Header) != fmt.Sprint(out.Header) {
			t.Fatalf("got %+v", m)
		}
	})
}

func TestGoTLS(t *testing.T) {
	cert, key := certificate(t)
	block := fmt.Sprintf("tls { cert_file: %q, key_file: %q, %%s }", cert, key)
	for _, test := range []struct {
		name, more string
		options    []nats.Option
	}{
		{"upgrade", "timeout: 5", nil},
		{"handshake first", "handshake_first: true", []nats.Option{nats.TLSHandshakeFirst()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, fmt.Sprintf(block, test.more), func(t *testing.T, s *peer.Server) {
				nc := connect(t, s, append(test.options, nats.RootCAs(cert))...)
				if state, err := nc.TLSConnectionState(); err != nil || !state.HandshakeComplete {
					t.Fatalf("TLS: %+v, %v", state, err)
				}
				sub, err := nc.SubscribeSync("s")
				must(t, err)
				payload := bytes.Repeat([]byte("secret "), 50_000)
				for range 20 {
					must(t, nc.Publish("s", payload))
				}
				for range 20 {
					m, err := sub.NextMsg(patience)
					must(t, err)
					if !bytes.Equal(m.Data, payload) {
						t.Fatalf("%d bytes came back, not the same", len(m.Data))
					}
				}
				if _, err := nats.Connect(s.URL, test.options...); err == nil {
					t.Fatal("a client without the authority connects")
				}
			})
		})
	}
}

// Twice as many bytes go through as a subscriber may be behind: as long as it reads it is not cut, and loses nothing.
func TestGoReaderIsNotCut(t *testing.T) {
	const publishers, messages, size = 4, 32_000, 1024
	onEach(t, "", func(t *testing.T, s *peer.Server) {
		lost := make(chan error, 99)
		report := func(_ *nats.Conn, err error) { lost <- err }
		nc := connect(t, s, nats.DisconnectErrHandler(report), nats.NoReconnect())
		var seen [publishers]uint64
		total, done := 0, make(chan struct{})
		sub, err := nc.Subscribe("bulk", func(m *nats.Msg) {
			who, number := m.Data[0], binary.LittleEndian.Uint64(m.Data[1:])
			if number != seen[who]+1 {
				lost <- fmt.Errorf("publisher %d: %d after %d", who, number, seen[who])
			}
			seen[who] = number
			if total++; total == publishers*messages {
				close(done)
			}
		})
		must(t, err)
		must(t, sub.SetPendingLimits(-1, -1))
		must(t, nc.Flush())
		var publishing sync.WaitGroup
		defer publishing.Wait()
		for who := range publishers {
			pub := connect(t, s, nats.DisconnectErrHandler(report), nats.NoReconnect())
			publishing.Go(func() {
				payload := make([]byte, size)
				payload[0] = byte(who)
				for n := range messages {
					binary.LittleEndian.PutUint64(payload[1:], uint64(n+1))
					if err := pub.Publish("bulk", payload); err != nil {
						lost <- err
						return
					}
				}
			})
		}
		select {
		case <-done:
		case err := <-lost:
			t.Fatal(err)
		case <-time.After(patience):
			t.Fatalf("%d of %d messages", total, publishers*messages)
		}
	})
}

// certificate makes a key pair for 127.0.0.1 that is its own authority.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "peers"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	dir := t.TempDir()
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}
