package gateway

import (
	"strings"

	"leafgate/config"
	"leafgate/internal/logging"
	"leafgate/internal/memory"
	"leafgate/internal/storage"
)

// settings are the keys that belong to the gateway itself.
type settings struct {
	name     string
	log      logging.Options
	pidFile  string
	portsDir string
	profPort int // 0: off; -1: any free one
	storage  storage.Options
	ceiling  int64 // bytes of memory; 0: none
	closed   int   // closed connections that are remembered; 0: the default
}

func readSettings(conf *config.Block) settings {
	s := settings{
		storage:  storage.Read(conf),
		name:     conf.String("", "server_name"),
		pidFile:  conf.String("", "pid_file", "pidfile"),
		portsDir: conf.String("", "ports_file_dir"),
		profPort: int(conf.IntRange(0, -1, 65535, "prof_port")),
		ceiling:  memory.Read(conf),
		closed:   int(conf.IntRange(0, 0, 1_000_000, "max_closed_clients")),
		log: logging.Options{
			Debug:     conf.Bool(false, "debug"),
			Trace:     conf.Bool(false, "trace"),
			NoTime:    !conf.Bool(true, "logtime"),
			UTC:       conf.Bool(false, "logtime_utc"),
			Format:    conf.String("", "log_format"),
			File:      conf.String("", "log_file", "logfile"),
			SizeLimit: conf.IntRange(0, 0, 1<<62, "log_size_limit", "logfile_size_limit"),
			MaxFiles:  int(conf.IntRange(0, 0, 1<<31-1, "log_max_num", "logfile_max_num")),
		},
	}
	if strings.ContainsAny(s.name, " \t\r\n") {
		conf.Errorf("server_name", "cannot contain white space")
	}
	if f := s.log.Format; f != "" && f != "text" && f != "json" {
		conf.Errorf("log_format", "want \"text\" or \"json\", got %q", f)
	}
	return s
}

// check says in conf what of next a running gateway cannot take over from s.
func (s *settings) check(next settings, conf *config.Block) {
	if s.name != next.name {
		conf.Errorf("server_name", "cannot change while running: old=%q, new=%q", s.name, next.name)
	}
	if s.profPort != next.profPort {
		conf.Errorf("prof_port", "cannot change while running: old=%d, new=%d", s.profPort, next.profPort)
	}
	s.storage.Check(next.storage, conf)
}
