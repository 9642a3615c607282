package peer

import (
	"os"
	"strings"
)

// CanReload says whether processes of this system can be told to read their configuration again.
const CanReload = canInterrupt

// Reload has the server read another configuration, on the same ports. It does so in its own time, or refuses: wait for
// what changes. See CanReload.
func (s *Server) Reload(text string) {
	s.tb.Helper()
	conf := s.args[len(s.args)-1]
	was, err := os.ReadFile(conf)
	if err != nil {
		s.tb.Fatal(err)
	}
	const ours = 3 // lines that configure puts in front
	head := strings.Join(strings.SplitAfterN(string(was), "\n", ours+1)[:ours], "")
	if err := os.WriteFile(conf, []byte(head+text+"\n"), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	hangUp(s.cmd.Process)
}
