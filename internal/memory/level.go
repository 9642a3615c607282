package memory

// A Level is how short memory is.
type Level int32

// The levels.
const (
	Normal   Level = iota
	Shedding       // what nobody was promised is dropped sooner
	Refusing       // nobody new is let in, and sessions keep nothing more
)

func (l Level) String() string { return [...]string{"normal", "shedding", "refusing"}[l] }

// Marks are percent of the ceiling. A level begins at its mark, and ends some way below it.
const (
	shedMark   = 75
	refuseMark = 90
	hysteresis = 10
)

// next is the level when used bytes of the ceiling are.
func (l Level) next(used, ceiling int64) Level {
	percent := func(n int64) int64 { return ceiling / 100 * n }
	switch {
	case used >= percent(refuseMark), l == Refusing && used >= percent(refuseMark-hysteresis):
		return Refusing
	case used >= percent(shedMark), l >= Shedding && used >= percent(shedMark-hysteresis):
		return Shedding
	}
	return Normal
}
