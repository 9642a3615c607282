package main

import "strings"

// Servers that rows run by default, the one that the goal is set by last: mosquitto in rows of MQTT.
var (
	twoOfNATS   = []string{"leafgate", "nats-server"}
	toMosquitto = []string{"leafgate", "mochi", "nats-server", "mosquitto"}
	webAndTLS   = []string{"leafgate", "nats-server", "mosquitto"} // mochi has neither WebSocket here nor TLS
	toNATSDisk  = []string{"leafgate", "mosquitto", "nats-server"} // those that have a store
)

// rows is the whole programme, in the order of the table.
var rows = []row{
	{name: "1:1", quick: true, about: "1 publisher, 1 subscriber", run: runStream, pubs: 1, subs: 1, sizes: []int{16, 128, 1024, 65536}, servers: twoOfNATS},
	{name: "8:8", quick: true, about: "8 publishers, a subscriber of its own each", run: runStream, pubs: 8, subs: 8, pairs: true, sizes: []int{16, 128}, servers: twoOfNATS},
	{name: "20:1", quick: true, about: "20 publishers, 1 subscriber", run: runStream, pubs: 20, subs: 1, sizes: []int{16, 128, 1024}, servers: twoOfNATS},
	{name: "queue-4:8", quick: true, about: "4 publishers, a queue group of 8", run: runStream, pubs: 4, subs: 8, queue: true, sizes: []int{16, 128}, servers: twoOfNATS},
	{name: "1:50", quick: true, about: "1 publisher, 50 subscribers to the same subject", run: runStream, pubs: 1, subs: 50, sizes: []int{16, 128, 1024}, servers: twoOfNATS},
	{name: "subjects-1:1", quick: true, about: "1:1, 1,000 subjects in turn, subscribed by one wildcard", run: runStream, pubs: 1, subs: 1, subjects: 1000, sizes: []int{128}, servers: twoOfNATS},
	{name: "publish", about: "1 publisher, nobody listens", run: runStream, pubs: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "request-1", quick: true, about: "1 client with one request under way, 1 responder", run: runRequest, clients: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "request-8", about: "8 clients with one request under way each, 1 responder", run: runRequest, clients: 8, sizes: []int{128}, servers: twoOfNATS},
	{name: "paced-1:1-5k", about: "1:1, one message per write, 5,000 per second, latency from the time it was due", run: runPaced, pubs: 1, rate: 5000, sizes: []int{128}, servers: twoOfNATS},
	{name: "paced-1:1-20k", about: "the same, 20,000 per second", run: runPaced, pubs: 1, rate: 20_000, sizes: []int{128}, servers: twoOfNATS},
	{name: "paced-100:1-5k", about: "100 publishers by turns, 1 subscriber, 5,000 per second", run: runPaced, pubs: 100, rate: 5000, sizes: []int{128}, servers: twoOfNATS},
	{name: "paced-100:1-20k", quick: true, about: "the same, 20,000 per second", run: runPaced, pubs: 100, rate: 20_000, sizes: []int{128}, servers: twoOfNATS},
	{name: "paced-100:100-5k", about: "100 publishers by turns, a subscriber of its own each, 5,000 per second", run: runPaced, pubs: 100, subs: 100, pairs: true, rate: 5000, sizes: []int{128}, servers: twoOfNATS},
	{name: "paced-100:100-20k", about: "the same, 20,000 per second", run: runPaced, pubs: 100, subs: 100, pairs: true, rate: 20_000, sizes: []int{128}, servers: twoOfNATS},
	{name: "flat-100:1", quick: true, about: "100 publishers, 1 subscriber, one message per write, flat out", run: runStream, pubs: 100, subs: 1, single: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "flat-100:100", about: "100 publishers, a subscriber of its own each, one message per write, flat out", run: runStream, pubs: 100, subs: 100, pairs: true, single: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "churn-1:1", about: "1:1 while 200 others subscribe and unsubscribe inboxes, against itself without", run: runStream, pubs: 1, subs: 1, churners: 200, sizes: []int{128}, servers: twoOfNATS},
	{name: "slow-1:50", about: "1:49 with a 50th that never reads, against itself without", run: runStream, pubs: 1, subs: 49, slow: 1, volume: 96 << 20, sizes: []int{128}, servers: twoOfNATS},
	{name: "rights-1:1", about: "1:1 with permissions and through an import, against itself without", run: runRights, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS, conf: rightsConf},
	{name: "logins-1:1", about: "1:1 paced while 1,000 others log in with bcrypt passwords, against itself without", run: runLogins, pubs: 1, logins: 1000, own: true, sizes: []int{128}, servers: []string{"leafgate"}, conf: loginsConf()},
	{name: "watched-1:1", about: "1:1 paced among -conns idle connections while /connz is asked for every second, against itself without", run: runWatched, pubs: 1, pages: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "idle", quick: true, about: "-conns connections with one subscription each, memory per connection", run: runIdle, few: true, servers: twoOfNATS},
	{name: "tls-idle", quick: true, about: "the same, TLS", run: runIdle, few: true, from: tlsNATS, to: tlsNATS, servers: twoOfNATS},

	{name: "mqtt-1:1-q0", quick: true, about: "1 publisher, 1 subscriber, QoS 0", run: runStream, from: mqtt, to: mqtt, pubs: 1, subs: 1, sizes: []int{16, 128}, servers: toMosquitto},
	{name: "mqtt-1:1-q1", quick: true, about: "1:1, QoS 1", run: runStream, from: mqtt, to: mqtt, qos: 1, pubs: 1, subs: 1, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-1:1-q2", quick: true, about: "1:1, QoS 2", run: runStream, from: mqtt, to: mqtt, qos: 2, pubs: 1, subs: 1, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-500:1-q0", quick: true, about: "500 publishers, a topic each, 1 subscriber, QoS 0", run: runStream, from: mqtt, to: mqtt, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-500:1-q1", about: "500 publishers, a topic each, 1 subscriber, QoS 1", run: runStream, from: mqtt, to: mqtt, qos: 1, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-1:500-q0", quick: true, about: "1 publisher, 500 subscribers, QoS 0", run: runStream, from: mqtt, to: mqtt, pubs: 1, subs: 500, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-1:500-q1", about: "1 publisher, 500 subscribers, QoS 1", run: runStream, from: mqtt, to: mqtt, qos: 1, pubs: 1, subs: 500, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-flat-100:1", about: "100 publishers, a topic each, 1 subscriber, QoS 0, one message per write, flat out", run: runStream, from: mqtt, to: mqtt, pubs: 100, subs: 1, devices: true, single: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-paced-1000-q0", quick: true, about: "1,000 publishers, a topic each, 5 messages per second each, 1 subscriber, QoS 0", run: runPaced, from: mqtt, to: mqtt, pubs: 1000, rate: 5000, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-paced-1000-q1", about: "the same, QoS 1", run: runPaced, from: mqtt, to: mqtt, qos: 1, pubs: 1000, rate: 5000, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-retained-10k", about: "10,000 retained messages to new subscribers, one after the other", run: runRetained, from: mqtt, to: mqtt, retained: 10_000, devices: true, sizes: []int{128}, servers: toMosquitto},
	{name: "mqtt-connects", quick: true, about: "clients that connect and leave, one after the other", run: runConnects, from: mqtt, to: mqtt, servers: toMosquitto},
	{name: "mqtt-idle", quick: true, about: "-conns connections with one subscription each, memory per connection", run: runIdle, few: true, from: mqtt, to: mqtt, servers: toMosquitto},
	{name: "mqtt-tls-idle", about: "the same, TLS", run: runIdle, few: true, from: tlsMQTT, to: tlsMQTT, servers: webAndTLS},
	{name: "mqtt-to-nats", quick: true, about: "1 MQTT publisher, 1 NATS subscriber", run: runStream, from: mqtt, to: nats, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "nats-to-mqtt", quick: true, about: "1 NATS publisher, 1 MQTT subscriber", run: runStream, from: nats, to: mqtt, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS},

	{name: "web-1:1", quick: true, about: "1 publisher, 1 subscriber, NATS by WebSocket", run: runStream, from: webNATS, to: webNATS, pubs: 1, subs: 1, sizes: []int{128}, servers: twoOfNATS},
	{name: "web-1:50", about: "1 publisher, 50 subscribers, NATS by WebSocket", run: runStream, from: webNATS, to: webNATS, pubs: 1, subs: 50, sizes: []int{128}, servers: twoOfNATS},
	{name: "web-500:1", about: "500 publishers, a subject each, 1 subscriber, NATS by WebSocket", run: runStream, from: webNATS, to: webNATS, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: twoOfNATS},
	{name: "web-idle", quick: true, about: "-conns connections by WebSocket with one subscription each, memory per connection", run: runIdle, few: true, from: webNATS, to: webNATS, servers: twoOfNATS},
	{name: "web-mqtt-1:1-q0", quick: true, about: "1 publisher, 1 subscriber, MQTT by WebSocket, QoS 0", run: runStream, from: webMQTT, to: webMQTT, pubs: 1, subs: 1, sizes: []int{128}, servers: webAndTLS},
	{name: "web-mqtt-1:50-q0", about: "1 publisher, 50 subscribers, MQTT by WebSocket, QoS 0", run: runStream, from: webMQTT, to: webMQTT, pubs: 1, subs: 50, sizes: []int{128}, servers: webAndTLS},
	{name: "web-mqtt-500:1-q0", about: "500 publishers, a topic each, 1 subscriber, MQTT by WebSocket, QoS 0", run: runStream, from: webMQTT, to: webMQTT, pubs: 500, subs: 1, devices: true, sizes: []int{128}, servers: webAndTLS},
	{name: "web-mqtt-idle", about: "-conns connections by WebSocket with one MQTT subscription each, memory per connection", run: runIdle, few: true, from: webMQTT, to: webMQTT, servers: webAndTLS},

	{name: "mixed", quick: true, about: "MQTT devices, NATS services and browsers by WebSocket at once, what each says in a fixed proportion", run: runStream, legs: mixedLegs, sizes: []int{128}, servers: twoOfNATS},

	{name: "mqtt-stored-1x1", about: "1 publisher with 1 message unacknowledged, QoS 1, each for one of 50 sessions that are away", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 1, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-1x64", about: "1 publisher with 64 messages unacknowledged, the same", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 64, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-16x1", about: "16 publishers with 1 message unacknowledged each, the same", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 1, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-16x64", about: "16 publishers with 64 messages unacknowledged each, the same", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, apart: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-all", about: "16 publishers with 64 messages unacknowledged each, each for all 50 sessions", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, devices: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-stored-1m", about: "a million messages for 50 sessions that are away: memory", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, apart: true, stored: 1_000_000, few: true, sizes: []int{200}, servers: toNATSDisk},
	{name: "mqtt-slowdisk-1x1", about: "as mqtt-stored-1x1, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 1, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-slowdisk-1x64", about: "as mqtt-stored-1x64, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 1, outstanding: 64, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-slowdisk-16x1", about: "as mqtt-stored-16x1, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 1, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-slowdisk-16x64", about: "as mqtt-stored-16x64, on a disk of which each sync takes 5 ms more", run: runStored, from: mqtt, to: mqtt, qos: 1, store: true, away: 50, pubs: 16, outstanding: 64, apart: true, own: true, sizes: []int{200}, servers: []string{slowLeafgate}},
	{name: "mqtt-beside-stored", about: "1 publisher, 1 subscriber, QoS 0, paced at -rate, while another publishes for 50 sessions that are away, against itself alone and with those messages in memory", run: runBeside, from: mqtt, to: mqtt, store: true, pubs: 1, sizes: []int{128}, servers: toNATSDisk},

	{name: "leaf-up", quick: true, about: "1 publisher at the leaf, 1 subscriber at its hub", run: runStream, above: subscribers, pubs: 1, subs: 1, sizes: []int{128, 1024}, servers: twoOfNATS},
	{name: "leaf-down", about: "1 publisher at the hub, 1 subscriber at the leaf", run: runStream, above: publishers, pubs: 1, subs: 1, sizes: []int{128, 1024}, servers: twoOfNATS},
	{name: "leaf-mqtt-q0", about: "100 MQTT publishers at the leaf, a topic each, QoS 0, 1 NATS subscriber at its hub", run: runStream, from: mqtt, to: nats, above: subscribers, pubs: 100, subs: 1, devices: true, sizes: []int{128, 1024}, servers: twoOfNATS},
	{name: "leaf-mqtt-q1", about: "100 MQTT publishers at the leaf, a topic each, QoS 1, 1 NATS subscriber at its hub", run: runStream, from: mqtt, to: nats, qos: 1, above: subscribers, pubs: 100, subs: 1, devices: true, sizes: []int{128, 1024}, servers: twoOfNATS},
}

// mixedLegs is a site at work. For each ten messages of its devices, there is one of every other kind.
var mixedLegs = []leg{
	{from: mqtt, to: nats, pubs: 100, subs: 1, devices: true, share: 10}, // measurements, to the service that evaluates them
	{from: nats, to: nats, pubs: 1, subs: 1, share: 1},                   // between services
	{from: nats, to: webNATS, pubs: 1, subs: 20, share: 1},               // results, to browsers
	{from: nats, to: webMQTT, pubs: 1, subs: 20, share: 1},               // the same, to browsers that speak MQTT
	{from: nats, to: mqtt, pubs: 1, subs: 10, share: 1},                  // commands, to devices
	{from: webNATS, to: nats, pubs: 1, subs: 1, share: 1},                // what browsers order
}

// quickRows are the names of the rows that -quick runs.
func quickRows() string {
	var names []string
	for _, r := range rows {
		if r.quick {
			names = append(names, r.name)
		}
	}
	return strings.Join(names, ",")
}
