package natsproto

import (
	"strconv"
	"testing"

	"leafgate/core"
)

// nobody is a sink that takes what it gets.
type nobody struct{}

func (nobody) Deliver(*core.Message, []*core.Subscription) core.Verdict { return core.Taken }
func (nobody) Run([]byte, []byte, int, bool) core.Verdict               { return core.Taken }
func (nobody) Flush()                                                   {}
func (nobody) Evict(error)                                              {}

func endpoint(t *testing.T) *core.Endpoint {
	t.Helper()
	e := core.NewEngine()
	if err := e.SetAccounts([]core.AccountDef{{Name: "A"}}); err != nil {
		t.Fatal(err)
	}
	return e.Attach(&core.Identity{Account: e.Account("A")}, core.Peer{}, nobody{})
}

func TestSubTable(t *testing.T) {
	ep := endpoint(t)
	for _, n := range []int{1, fewSubs, fewSubs + 1, 100} {
		var table subTable
		for i := range n {
			s, err := ep.Subscribe("a", core.SubOptions{})
			if err != nil {
				t.Fatal(err)
			}
			table.put(&sub{sid: strconv.Itoa(i), core: s})
		}
		if table.len() != n || (table.many != nil) != (n > fewSubs) {
			t.Errorf("%d put: %d there, map %v", n, table.len(), table.many != nil)
		}
		for i := range n {
			if s := table.get([]byte(strconv.Itoa(i))); s == nil || s.sid != strconv.Itoa(i) {
				t.Fatalf("%d of %d is %v", i, n, s)
			}
		}
		for i := range n {
			table.remove(strconv.Itoa(i))
			if table.get([]byte(strconv.Itoa(i))) != nil || table.len() != n-i-1 {
				t.Fatalf("%d of %d still there", i, n)
			}
		}
	}
}

// What the engine ends by itself must not stay for ever: a client may make a million inboxes with a maximum of one each.
func TestSubTableForgetsEnded(t *testing.T) {
	ep := endpoint(t)
	var table subTable
	for i := range 10_000 {
		s, err := ep.Subscribe("a", core.SubOptions{Max: 1})
		if err != nil {
			t.Fatal(err)
		}
		table.put(&sub{sid: strconv.Itoa(i), core: s})
		table.limit()
		ep.Unsubscribe(s, 0)
		if table.len() > 4*fewSubs {
			t.Fatalf("%d entries after %d, all ended", table.len(), i+1)
		}
	}
}
