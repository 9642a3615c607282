package monitor

import (
	"math"
	"sync"
	"time"
)

// sampling is how long a cpu figure counts at least.
const sampling = time.Second

// A meter turns used processor time into percent of one processor, since it was last asked.
type meter struct {
	mu    sync.Mutex
	at    time.Time
	used  time.Duration
	value float64
}

func (m *meter) start() { m.at, m.used = time.Now(), processorTime() }

// percent is the figure of the last second at least, so that two who ask do not spoil it for each other.
func (m *meter) percent(now time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if past := now.Sub(m.at); past >= sampling {
		used := processorTime()
		m.value = math.Round(1000*float64(used-m.used)/float64(past)) / 10
		m.at, m.used = now, used
	}
	return m.value
}
