package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"leafgate/internal/storage"
	"leafgate/journal"
)

// A storeVarz is the store's part of /varz. There is none in nats-server's.
type storeVarz struct {
	Dir      string        `json:"dir"`
	Sync     string        `json:"sync"`
	Wear     int64         `json:"wear_budget,omitempty"` // bytes per day
	Free     int64         `json:"free"`                  // bytes of the volume; -1: not known
	Total    int64         `json:"total"`
	MinFree  int64         `json:"min_free"`
	Error    string        `json:"error,omitempty"` // why nothing is stored now
	Warnings []string      `json:"warnings,omitempty"`
	Journals []journalVarz `json:"journals"`
}

// A journalVarz is one journal. What is counted counts from the start on, unless it is there.
type journalVarz struct {
	Name       string        `json:"name"`
	Messages   int64         `json:"messages"`
	Marks      int64         `json:"marks"`
	Live       int64         `json:"live"` // that are needed still
	First      uint64        `json:"first_seq"`
	Next       uint64        `json:"next_seq"`
	Segments   int           `json:"segments"`
	Bytes      int64         `json:"bytes"`
	MaxBytes   int64         `json:"max_bytes,omitempty"`
	Written    int64         `json:"written_bytes"`
	PerMessage float64       `json:"written_bytes_per_message"`
	Commits    int64         `json:"commits"`
	Syncs      int64         `json:"syncs"`
	SyncMean   time.Duration `json:"sync_mean"` // nanoseconds, as the others
	SyncMax    time.Duration `json:"sync_max"`
	Paced      int64         `json:"paced"` // commits that waited for the wear budget
	Refused    int64         `json:"refused"`
	Busy       int64         `json:"busy"`
	Failures   int64         `json:"failures"`
	Dropped    int64         `json:"dropped"`
	Carried    int64         `json:"carried"`
	Damaged    int64         `json:"damaged_ranges"`
	Lost       []string      `json:"lost,omitempty"`
	Clean      bool          `json:"clean"` // the process before closed it
	Recovery   time.Duration `json:"recovery"`
	Error      string        `json:"error,omitempty"`
}

// aboutStore says what the store is like; without a directory, nothing.
func (m *monitor) aboutStore(v map[string]any) {
	st := m.env.Storage.State()
	if st == nil {
		return
	}
	s := storeVarz{
		Dir: st.Options.Dir, Sync: st.Options.Sync.String(), Wear: st.Options.WearBudget, Free: st.Free, Total: st.Total,
		MinFree: st.Reserve, Warnings: st.Warnings(), Journals: []journalVarz{},
	}
	if err := st.Failed(); err != nil {
		s.Error = err.Error()
	}
	for i := range st.Journals {
		s.Journals = append(s.Journals, describeJournal(&st.Journals[i]))
	}
	v["store"] = s
}

func describeJournal(j *storage.JournalState) journalVarz {
	s, r := &j.Stats, j.Report
	v := journalVarz{
		Name: j.Name, Messages: s.Messages, Marks: s.Marks, Live: s.Live, First: s.First, Next: s.Next, Segments: s.Segments,
		Bytes: s.Bytes, MaxBytes: j.Bound, Written: s.Written, PerMessage: s.WrittenPerMessage(), Commits: s.Commits,
		Syncs: s.Syncs, SyncMean: s.SyncTime / time.Duration(max(s.Syncs, 1)), SyncMax: s.Slowest, Paced: s.Paced,
		Refused: s.Refused, Busy: s.Busy, Failures: s.Failures, Dropped: s.Dropped, Carried: s.Carried, Damaged: j.Damage(),
		Clean: r.Clean || r.Records == 0, Recovery: r.Took,
	}
	for _, l := range r.Lost {
		v.Lost = append(v.Lost, l.String())
	}
	if s.Failed != nil {
		v.Error = s.Failed.Error()
	}
	return v
}

// What there is to measure of a store, per journal but for the volume.
var (
	descFree       = describe("store_free_bytes", "Bytes of the store's volume that may still be written.")
	descReserve    = describe("store_min_free_bytes", "Bytes of the store's volume that are to stay free.")
	descWorks      = describe("journal_up", "Whether the journal can be written.", "journal")
	descRecords    = describe("journal_records_total", "Records stored.", "journal", "kind")
	descLive       = describe("journal_live_records", "Records that are needed still.", "journal")
	descBytes      = describe("journal_bytes", "Bytes of the journal's files.", "journal")
	descMaxBytes   = describe("journal_max_bytes", "Bytes that the journal's files may have.", "journal")
	descSegments   = describe("journal_segments", "Files of the journal.", "journal")
	descWritten    = describe("journal_written_bytes_total", "Bytes written to disk.", "journal")
	descPerMessage = describe("journal_written_bytes_per_message", "Bytes written to disk for each message stored.", "journal")
	descCommits    = describe("journal_commits_total", "Groups of records that were written.", "journal")
	descPaced      = describe("journal_paced_commits_total", "Commits that waited for the wear budget.", "journal")
	descSync       = describe("journal_sync_seconds", "How long syncs to disk take.", "journal")
	descRefusedRec = describe("journal_refused_records_total", "Records that were not taken.", "journal", "reason")
	descFailures   = describe("journal_failures_total", "Times the disk failed.", "journal")
	descDroppedRec = describe("journal_dropped_messages_total", "Messages that a limit dropped.", "journal")
	descCarried    = describe("journal_carried_records_total", "Records that compaction wrote again.", "journal")
	descDamaged    = describe("journal_damaged_ranges", "Ranges found damaged or missing.", "journal")

	descStore = []*prometheus.Desc{descFree, descReserve, descWorks, descRecords, descLive, descBytes, descMaxBytes, descSegments,
		descWritten, descPerMessage, descCommits, descPaced, descSync, descRefusedRec, descFailures, descDroppedRec, descCarried,
		descDamaged}
)

func measureStore(to samples, st *storage.State) {
	if st == nil {
		return
	}
	if st.Free >= 0 {
		to.gauge(descFree, float64(st.Free))
		to.gauge(descReserve, float64(st.Reserve))
	}
	for i := range st.Journals {
		j := &st.Journals[i]
		s, name := &j.Stats, j.Name
		to.gauge(descWorks, number(s.Failed == nil), name)
		to.counter(descRecords, s.Messages, name, "message")
		to.counter(descRecords, s.Marks, name, "mark")
		to.gauge(descLive, float64(s.Live), name)
		to.gauge(descBytes, float64(s.Bytes), name)
		to.gauge(descMaxBytes, float64(j.Bound), name)
		to.gauge(descSegments, float64(s.Segments), name)
		to.counter(descWritten, s.Written, name)
		to.gauge(descPerMessage, s.WrittenPerMessage(), name)
		to.counter(descCommits, s.Commits, name)
		to.counter(descPaced, s.Paced, name)
		to.counter(descRefusedRec, s.Refused, name, "full")
		to.counter(descRefusedRec, s.Busy, name, "busy")
		to.counter(descFailures, s.Failures, name)
		to.counter(descDroppedRec, s.Dropped, name)
		to.counter(descCarried, s.Carried, name)
		to.gauge(descDamaged, float64(j.Damage()), name)
		measureSyncs(to, s, name)
	}
}

// measureSyncs is a histogram of what the journal has counted itself.
func measureSyncs(to samples, s *journal.Stats, name string) {
	buckets, sum := make(map[float64]uint64, len(journal.SyncBounds)), uint64(0)
	for i, bound := range journal.SyncBounds {
		sum += uint64(s.SyncsIn[i])
		buckets[bound.Seconds()] = sum
	}
	to <- prometheus.MustNewConstHistogram(descSync, uint64(s.Syncs), s.SyncTime.Seconds(), buckets, name)
}
