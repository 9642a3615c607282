package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// mqttPort is what a configuration says for a port that MQTT clients connect to.
const mqttPort = "$MQTT_PORT"

// leafPort is what it says for one that leaf nodes connect to.
const leafPort = "$LEAF_PORT"

// webPort is what it says for one that WebSockets connect to.
const webPort = "$WS_PORT"

// patience is how long a server may take to start, and to stop.
const patience = 20 * time.Second

// A Server is a process on a port of the loopback interface that stays the same when it is started again.
// Its methods are for one goroutine.
type Server struct {
	Name string // of Servers
	URL  string // for NATS clients
	MQTT string // host:port for MQTT clients, if the configuration says $MQTT_PORT
	Leaf string // host:port for leaf nodes, if it says $LEAF_PORT
	Web  string // host:port for WebSockets, if it says $WS_PORT

	tb      testing.TB
	path    string
	dir     string
	args    []string
	ports   ports
	log     *os.File
	cmd     *exec.Cmd
	waiting sync.WaitGroup
	ended   chan struct{} // closed when the process is gone
	failure error         // of the process; read it after ended
}

// ports is what both servers say in a ports file.
type ports struct {
	NATS       []string `json:"nats"`
	Monitoring []string `json:"monitoring"`
	Profile    []string `json:"profile"`
}

// Servers are the names Start knows: ours, and the one it must not differ from.
func Servers() []string { return []string{"leafgate", "nats-server"} }

// Start runs a server until the test ends: one of Servers, or "mosquitto" as the system has it. Its configuration is text,
// an address to listen on and one for profiles; mosquitto's is text alone. $MQTT_PORT in it stands for a free port. A test
// that fails shows what the server printed last and what its goroutines do; a server that ends by itself, or not properly,
// fails the test.
func Start(tb testing.TB, name, text string) *Server {
	tb.Helper()
	s := &Server{Name: name, tb: tb, dir: tb.TempDir()}
	err := watch()
	if err != nil {
		tb.Fatal(err)
	}
	switch name {
	case "leafgate":
		s.path, err = Leafgate(tb.Context())
	case mosquitto:
		s.path, err = findMosquitto()
	default:
		s.path, err = Binary(tb.Context(), name)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if s.log, err = os.Create(filepath.Join(s.dir, "output")); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.cleanUp)
	for try := 1; ; try++ { // somebody else may take the port before the server does
		if err = s.configure(text); err == nil {
			err = s.start(context.WithoutCancel(tb.Context()))
		}
		if err == nil {
			return s
		}
		if try == 3 {
			tb.Fatalf("start %s: %v", name, err)
		}
	}
}

func (s *Server) configure(text string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	conf := filepath.Join(s.dir, "server.conf")
	for name, addr := range map[string]*string{mqttPort: &s.MQTT, leafPort: &s.Leaf, webPort: &s.Web} {
		if !strings.Contains(text, name) {
			continue
		}
		port, err := freePort()
		if err != nil {
			return err
		}
		*addr = fmt.Sprintf("127.0.0.1:%d", port)
		text = strings.ReplaceAll(text, name, strconv.Itoa(port))
	}
	if s.Name != mosquitto {
		text = fmt.Sprintf("listen: \"127.0.0.1:%d\"\nports_file_dir: %q\nprof_port: -1\n%s\n", port, s.dir, text)
	}
	s.args = []string{"-c", conf}
	return os.WriteFile(conf, []byte(text), 0o600)
}

// Restart starts a server again that was stopped or killed, with the same configuration on the same port.
func (s *Server) Restart() {
	s.tb.Helper()
	if err := s.start(s.tb.Context()); err != nil {
		s.tb.Fatalf("start %s again: %v", s.Name, err)
	}
}

func (s *Server) start(ctx context.Context) error {
	s.cmd = exec.Command(s.path, s.args...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	bindToUs(s.cmd)
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	s.ended = make(chan struct{})
	s.waiting.Go(func() {
		defer close(s.ended)
		s.failure = s.cmd.Wait()
	})
	return s.awaitPorts(ctx)
}

// awaitPorts returns when the server has written down what it listens on: then it does.
func (s *Server) awaitPorts(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if s.listens() {
			return nil
		}
		select {
		case <-s.ended:
			return errors.Join(errors.New("it ended at once"), s.failure)
		case <-ctx.Done():
			return errors.New("it does not listen")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (s *Server) listens() bool {
	if s.Name == mosquitto {
		return accepts(s.MQTT)
	}
	s.ports = s.readPorts()
	s.URL = first(s.ports.NATS)
	return s.URL != ""
}

// readPorts returns nothing while the file is not there or not whole.
func (s *Server) readPorts() (p ports) {
	files, _ := filepath.Glob(filepath.Join(s.dir, fmt.Sprintf("*_%d.ports", s.PID())))
	for _, f := range files {
		if text, err := os.ReadFile(f); err != nil || json.Unmarshal(text, &p) != nil {
			return ports{}
		}
	}
	return p
}

// PID returns the process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Addr returns where the server takes NATS clients, as host:port.
func (s *Server) Addr() string { _, addr, _ := strings.Cut(s.URL, "://"); return addr }

// Monitoring returns the base URL of the monitoring pages, or nothing.
func (s *Server) Monitoring() string { return first(s.ports.Monitoring) }

// Profile returns the base URL of Go's profiles.
func (s *Server) Profile() string { return first(s.ports.Profile) }

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// Stop ends the process as an operator would. One that takes too long or fails is an error of the test.
func (s *Server) Stop() {
	s.tb.Helper()
	if s.cmd == nil {
		return
	}
	interrupt(s.cmd.Process)
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.tb.Errorf("%s does not stop", s.Name)
		_ = s.cmd.Process.Kill()
	}
	s.waiting.Wait()
	s.cmd = nil
	if s.failure != nil && canInterrupt {
		s.tb.Errorf("%s ended: %v", s.Name, s.failure)
	}
}

// Kill ends the process as a power cut would.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	s.waiting.Wait()
	s.cmd = nil
}

func (s *Server) cleanUp() {
	if s.tb.Failed() && s.cmd != nil && s.Name != mosquitto {
		_, stacks, _ := s.Goroutines()
		s.tb.Logf("what %s does:\n%s", s.Name, stacks)
	}
	s.Stop()
	_ = s.log.Close()
	if s.tb.Failed() {
		s.tb.Logf("the end of what %s printed:\n%s", s.Name, s.tail())
	}
}

func (s *Server) tail() string {
	const keep = 8000
	out, _ := os.ReadFile(s.log.Name())
	return string(out[max(0, len(out)-keep):])
}

// freePort finds a port below those that systems hand out to clients, so that a server that is started again finds
// it free, and no client that waits for it connects to itself.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		var l net.Listener
		if l, err = net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}
