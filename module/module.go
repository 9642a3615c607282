// Package module says what a part of the gateway is: the contract between gateway, which builds and runs modules, and
// the modules, which never import each other.
package module

import (
	"context"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"leafgate/auth"
	"leafgate/config"
	"leafgate/core"
	"leafgate/internal/memory"
	"leafgate/internal/netio"
	"leafgate/internal/reason"
	"leafgate/internal/storage"
	"leafgate/journal"
)

// A Module is one running part: a frontend, a link, monitoring.
type Module interface {
	// Start binds and returns. An error is a configuration or bind error, and Start leaves nothing behind then.
	Start(ctx context.Context) error
	// Stop takes no new peers, ends the ones it has, and returns when every goroutine of the module has ended. ctx
	// bounds how long peers may take to drain.
	Stop(ctx context.Context) error
}

// A Spec is a module's line in the gateway's table.
type Spec struct {
	Name string
	Keys []string // top-level configuration keys it owns
	// New reads the module's keys from conf, the top level of the configuration, and reports every error in them. A
	// nil Module without error is one that the configuration leaves out.
	New func(env *Env, conf *config.Block) (Module, error)
}

// LevelTrace is the log level of protocol lines, below debug.
const LevelTrace = slog.LevelDebug - 4

// Env is what a module gets from the gateway it runs in.
type Env struct {
	Engine *core.Engine
	Auth   *auth.Authority
	Net    *netio.Driver
	Log    *slog.Logger
	Server Server
	// Protocol finds another module's sessions by the module's name, once all have been built.
	Protocol func(name string) (netio.SessionServer, bool)
	// Modules yields the gateway's modules and their names, once all have been built.
	Modules iter.Seq2[string, Module]
	// Storage has a journal for what is to outlive the gateway, from Start on; nil: there is no directory for it.
	Storage *storage.Storage
	// Clock is what expiry and whatever is stored go by: it does not jump, and nil is the machine's.
	Clock *journal.Clock
	// Memory says when it is short: nobody new is to be let in, nothing more to be kept; nil: never.
	Memory *memory.Watch
	// History is told what happens to connections; nil keeps nothing.
	History *History
	// Reload reads the configuration again, as SIGHUP does. It does not wait: while the gateway reloads or stops already,
	// it answers an error.
	Reload func() error
}

// Server is what the gateway says of itself.
type Server struct {
	ID      string // public nkey of kind server
	Name    string // server_name, or the ID
	Version string // Leafgate's own
	Commit  string // short revision, or empty
	Default bool   // no configuration file: listeners keep to loopback
}

// A Listener is one address of a module, for those who look after a gateway.
type Listener struct {
	Protocol string
	Addr     string      // host:port as configured; port 0: any free one
	TLS      string      // the settings that say what clients must show: "tls", "tls verify", "tls verify_and_map"; empty: none
	Expires  time.Time   // the first certificate that clients are shown; zero: none
	Rules    *auth.Rules // who may come in; nil: everybody
}

// Add-ons, asserted once by gateway.
type (
	// A Reloader takes a new configuration while it runs. Check says, without any effect, whether it could.
	Reloader interface {
		Check(conf *config.Block) error
		Reload(conf *config.Block) error
	}
	// A LameDucker stops accepting, tells its peers to go elsewhere, and ends them spread over the configured time.
	LameDucker interface {
		LameDuck(ctx context.Context) error
	}
	// A Router mounts pages on the monitoring port.
	Router interface{ Routes(mux *http.ServeMux) }
	// A Readier says why it is not ready, for /healthz.
	Readier interface{ Ready() error }
	// An Addresser says where a module listens, once it has started.
	Addresser interface{ Addrs() []net.Addr }
	// A Lister says what a module serves, before it has started too. It is called from any goroutine.
	Lister interface{ Listeners() []Listener }
	// A Reporter sets its part of /varz, under nats-server's names and with its types. It is called from any goroutine.
	Reporter interface{ Report(varz map[string]any) }
	// A Connector describes the connections it has now, and counts the messages of those it has and had. It is called
	// from any goroutine.
	Connector interface {
		Protocol() string // Type of its connections
		Conns() iter.Seq[Conn]
		Traffic() core.Stats
	}
	// A Dropper is a Connector that counts the messages it did not deliver or keep, by reason, since the start.
	Dropper interface {
		Connector
		Drops() iter.Seq2[reason.Reason, int64]
	}
	// A Migrator asks one of its connections to go elsewhere; false: it has none with that id that can be asked.
	Migrator interface{ Migrate(id uint64) bool }
	// An Uplinker tells the truth about its links to other servers, each with a name and account of its own.
	Uplinker interface{ Uplinks() iter.Seq[Uplink] }
	// A Pager answers questions about the gateway: page is a name such as connz, query what stands behind the question
	// mark. The answer becomes JSON. The error is a *PageError where the question is at fault.
	Pager interface {
		Page(page string, query url.Values) (any, error)
	}
)
