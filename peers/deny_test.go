package peers

import (
	"testing"

	"leafgate/internal/peer"
)

// In narrow, dev and its like have few rights on each path, and boss has all of them.
const narrow = `accounts {
  A {
    users: [
      {user: boss, password: boss}
      {user: dev, password: dev, permissions: {
        publish: {allow: ["out.>", "_INBOX.>"], deny: ["out.secret", "out.*.secret"]}
        subscribe: {allow: ["in.>", "work.* crew", "_INBOX.dev"], deny: ["in.secret", "in.*.secret", "in.jobs spies", "in.x.>"]} }}
      {user: mute, password: mute, permissions: {publish: {deny: ">"}, subscribe: {allow: "in.>"}}}
      {user: deaf, password: deaf, permissions: {subscribe: {deny: ">"}}}
      {user: svc, password: svc, permissions: {publish: {deny: "_INBOX.victim"}, subscribe: "q.>", allow_responses: {max: 1}}}
    ]
    exports: [{stream: "in.>"}, {service: "q.>"}]
    mappings: { "map.*": "out.$1", "to.*": "in.$1" }
  }
  B {
    users: [
      {user: far, password: far, permissions: {
        publish: {allow: ["ask.open"]}
        subscribe: {allow: ["here.in.>", "_INBOX.>"], deny: ["here.in.secret", "here.in.*.secret", "here.in.jobs spies"]} }}
      {user: all, password: all}
    ]
    imports: [{stream: {account: A, subject: "in.>"}, prefix: here}, {service: {account: A, subject: "q.>"}, to: "ask.>"}]
  }
}`

// denials hold on every path.
var denials = []script{
	{name: "publish", lines: []string{
		"boss sub >", "dev pub! out.secret x", "dev pub! out.a.secret x", "dev pub! in.a x", "dev pub! out x", "mute pub! in.a x", "mute pub! x x", "deaf pub out.secret x",
		"boss got out.secret x", "boss none", "dev pub out.a x", "boss got out.a x", "dev pub out.a.b.secret x", "boss got out.a.b.secret x", "boss none"}},
	{name: "publish with a reply", lines: []string{"boss sub >", "dev pub! out.secret =_INBOX.dev x", "dev pub! in.a =out.a x", "boss none"}},
	{name: "live", lines: []string{
		"dev sub! in.secret", "dev sub! in.a.secret", "dev sub! out.a", "dev sub! work.a", "deaf sub! x", "deaf sub! in.a", "dev sub in.a", "boss pub in.a 1", "dev got in.a 1",
		"boss pub in.secret 2", "boss pub work.a 3", "dev none", "deaf none"}},
	{name: "queue", lines: []string{
		"dev sub! work.a spies", "dev sub! in.jobs spies", "dev sub! in.secret crew", "dev sub work.a crew", "dev sub in.jobs crew", "boss pub work.a 1", "dev got work.a 1", "boss pub in.jobs 2",
		"dev got in.jobs 2", "dev none"}},
	{name: "a queue passes on what one may not have", lines: []string{
		"dev sub in.* crew", "boss sub in.* crew", "boss:2 pub in.secret 1", "boss:2 pub in.secret 2", "boss:2 pub in.secret 3", "boss:2 pub in.secret 4",
		"boss got in.secret 1", "boss got in.secret 2", "boss got in.secret 3", "boss got in.secret 4", "boss none", "dev none"}},
	{name: "wildcard overlap", lines: []string{
		"dev sub! >", "dev sub! *.secret", "dev sub! *.a", "dev sub in.>", "dev sub in.*", "dev sub in.*.*", "boss pub in.secret 1", "boss pub in.a.secret 2", "boss pub in.x.y 3", "boss pub in.x.y.z 4",
		"dev none", "boss pub in.a.b 5", "dev got in.a.b 5", "dev got in.a.b 5", "dev none"}},
	{name: "wildcard overlap in a queue", lines: []string{
		"dev sub in.* spies", "dev sub in.> spies", "boss pub in.jobs 1", "dev none", "boss pub in.other 2", "dev got in.other 2", "dev none"}},
	{name: "import of a stream", lines: []string{
		"far sub! here.in.secret", "far sub! here.in.a.secret", "far sub! here.>", "far sub! in.>", "far sub here.in.*", "far sub here.in.>", "boss pub in.secret 1", "boss pub in.a.secret 2", "far none",
		"all sub here.in.secret", "boss pub in.secret 3", "all got here.in.secret 3", "far none", "boss pub in.b 4", "far got here.in.b 4", "far got here.in.b 4", "far none"}},
	{name: "import of a stream in a queue", lines: []string{
		"far sub! here.in.jobs spies", "far sub here.in.* spies", "boss pub in.jobs 1", "far none", "boss pub in.b 2", "far got here.in.b 2"}},
	{name: "import of a service", lines: []string{
		"boss sub q.>", "far pub! ask.other ?", "far pub! q.open ?", "boss none", "far ask ask.open ?", "boss got q.open ?", "boss answer !", "far got _INBOX.far !"}},
	{name: "rights of the exporter count for nobody else", lines: []string{"all pub ask.secret ?", "dev sub in.>", "boss sub q.secret", "all pub ask.secret ?", "boss got q.secret ?"}},
	{name: "answers", lines: []string{
		"svc sub q.>", "boss sub _INBOX.>", "svc pub! _INBOX.boss x", "boss pub q.a =_INBOX.boss ?", "svc got q.a ?", "svc answer 1", "svc answer! 2", "svc pub! q.a x", "boss got _INBOX.boss 1", "boss none"}},
	{name: "answers to others", lines: []string{"svc sub q.>", "svc:2 sub q.none", "boss pub q.a =_INBOX.boss ?", "svc got q.a ?", "svc:2 pub! _INBOX.boss x", "mute pub! _INBOX.boss x"}},
	{name: "answers across accounts", lines: []string{
		"svc sub q.>", "all ask ask.a ?", "svc got q.a ?", "svc answer 1", "svc answer! 2", "svc pub! _INBOX.all x", "svc pub! _R_.abcdef.ghijkl x", "all got _INBOX.all 1", "all none"}},
	{name: "mapped", lines: []string{
		"boss sub >", "dev pub map.a x", "boss got out.a x", "dev pub! map.secret x", "deaf pub map.secret x", "boss got out.secret x", "boss none", "dev sub in.*", "boss:2 pub to.secret 1", "boss got in.secret 1", "dev none", "boss:2 pub to.a 2", "dev got in.a 2"}},
	{name: "after unsubscribing and again", lines: []string{"dev sub in.a", "dev sub! in.secret", "dev sub in.a", "dev sub! in.secret crew", "boss pub in.secret 1", "dev none"}},
}

func TestDenyMatrix(t *testing.T) {
	onEach(t, narrow, func(t *testing.T, s *peer.Server) { play(t, s, nil, denials) })
}
