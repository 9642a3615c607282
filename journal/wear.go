package journal

import "time"

const (
	spaceCheck = time.Second
	// paceWait is how long a commit waits for company when the budget is exceeded.
	paceWait = 20 * time.Millisecond
	day      = 24 * time.Hour
)

// wear keeps count of what the disk has to take. It belongs to the committer.
type wear struct {
	spent   int64         // above what the budget gave
	at      time.Duration // when spent was right
	allowed int64         // bytes until the free space is looked at again
	recheck time.Duration // when it is in any case
}

// spend counts a commit of n bytes: cards write whole pages.
func (w *wear) spend(n int) {
	w.spent += (int64(n)/page + 1) * page
}

// over says whether more was written than the budget gives, with an hour's worth in advance.
func (w *wear) over(now time.Duration, budget int64) bool {
	w.spent = max(0, w.spent-int64(float64(budget)*float64(now-w.at)/float64(day)))
	w.at = now
	return w.spent > budget/24
}

// pace waits for more records when the budget is exceeded and there is something to write.
func (w *wear) pace(j *Journal) {
	budget := j.Limits().WearBudget
	if budget == 0 {
		w.spent = 0
		return
	}
	if j.idle() {
		return
	}
	if _, now := j.o.Clock(); !w.over(now, budget) {
		return
	}
	select {
	case <-time.After(paceWait):
	case <-j.stop:
	}
	j.mu.Lock()
	j.stats.Paced++
	j.mu.Unlock()
}
