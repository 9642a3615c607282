package system

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"

	"leafgate/core"
	"leafgate/module"
)

// server is how a gateway calls itself in everything it sends.
type server struct {
	Name      string            `json:"name"`
	Host      string            `json:"host"`
	ID        string            `json:"id"`
	Version   string            `json:"ver"`
	Tags      []string          `json:"tags,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	JetStream bool              `json:"jetstream"`
	Flags     int               `json:"flags"`
	Seq       uint64            `json:"seq"`
	Time      time.Time         `json:"time"`
}

// identity is what /varz says of the server, until a reload.
type identity struct {
	mu    sync.Mutex
	known *server
}

func (i *identity) forget() {
	i.mu.Lock()
	i.known = nil
	i.mu.Unlock()
}

// server is the gateway now, with the next number.
func (m *system) server() server {
	m.identity.mu.Lock()
	defer m.identity.mu.Unlock()
	if m.identity.known == nil {
		v := m.figures()
		m.identity.known = &server{Name: m.env.Server.Name, Host: v.Host, ID: m.env.Server.ID, Version: m.env.Server.Version,
			Tags: v.Tags, Metadata: v.Metadata}
	}
	s := *m.identity.known
	s.Seq, s.Time = m.seq.Add(1), time.Now().UTC()
	return s
}

// page asks the room that knows.
func (m *system) page(name string, query url.Values) (any, error) {
	for _, other := range m.env.Modules {
		if p, ok := other.(module.Pager); ok {
			return p.Page(name, query)
		}
	}
	return nil, &module.PageError{Status: http.StatusNotFound, Text: "there is no monitoring"}
}

// read asks for a page and reads what of it into is about.
func (m *system) read(name string, query url.Values, into any) error {
	answer, err := m.page(name, query)
	if err != nil {
		return err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// heard says whether somebody in the system account subscribes to subject.
func (m *system) heard(subject string) bool {
	a := m.account.Load()
	return a != nil && a.Listens(subject)
}

// tell publishes body in the system account.
func (m *system) tell(subject string, body any) {
	if a := m.account.Load(); a != nil {
		if w := m.peers.at(a); w != nil {
			w.send(subject, body)
		}
	}
}

// send publishes body as JSON.
func (w *peer) send(to string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		w.module.log.Error("answer cannot be written", "to", to, "err", err)
		return
	}
	w.publish(to, text)
}

func (w *peer) publish(to string, text []byte) {
	batch := w.module.env.Engine.Get()
	m := batch.Message()
	*m = core.Message{Subject: []byte(to), Payload: text}
	if _, err := batch.Publish(w.ep, m); err != nil {
		w.module.log.Debug("answer was not published", "to", to, "err", err)
	}
	w.module.env.Engine.Put(batch)
}
