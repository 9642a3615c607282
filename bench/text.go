package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// How the table shows its figures; "-" is nothing to show.

func sizeText(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func countText(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v >= 1e6:
		return fmt.Sprintf("%.2fM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.0fk", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

func nsText(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func ratioText(v float64) string {
	if v == 0 {
		return "-"
	}
	if v < 0.01 {
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func percentText(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*v)
}

func bytesText(v float64) string {
	switch {
	case v == 0:
		return "-"
	case v < 1<<20:
		return fmt.Sprintf("%.0fK", v/(1<<10))
	}
	return fmt.Sprintf("%.0fM", v/(1<<20))
}

func latencyText(l *latency, column int) string {
	if l == nil {
		return "-"
	}
	return short([...]time.Duration{l.P50, l.P99, l.P999}[column])
}

// short is microseconds below ten milliseconds, milliseconds above.
func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%dµs", d.Microseconds())
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

func notesText(o *outcome) string {
	var notes []string
	if o.ConnBytes > 0 {
		notes = append(notes, fmt.Sprintf("%.0f bytes/connection", o.ConnBytes))
	}
	if o.SelfRate > 0 {
		notes = append(notes, fmt.Sprintf("itself without: rate x%.2f, cpu x%.2f", o.SelfRate, o.SelfCPU))
	}
	if o.MemoryP99 > 0 && o.Latency != nil {
		p99 := float64(o.Latency.P99)
		notes = append(notes, fmt.Sprintf("p99 x%.2f of alone (%s), x%.2f of the same load in memory (%s)",
			ratio(p99, o.AloneP99), short(time.Duration(o.AloneP99)), ratio(p99, o.MemoryP99), short(time.Duration(o.MemoryP99))))
	}
	if o.Note != "" {
		notes = append(notes, o.Note)
	}
	return strings.Join(notes, "; ")
}
