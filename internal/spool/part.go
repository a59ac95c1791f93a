package spool

// Part is what one child put out: a part of the files of a spool. Sizes and
// offsets of a part count from where it begins.
type Part struct {
	Spool
	From  Sizes  // where it begins in the files
	Until *Sizes // where it ends; nil while it grows to the end of the files
	None  bool   // there is nothing, and no files
}

// Whole is all of a spool as one part.
func (s Spool) Whole() Part { return Part{Spool: s} }

// Sizes looks how large the part is.
func (p Part) Sizes() (Sizes, error) {
	switch {
	case p.None:
		return Sizes{}, nil
	case p.Until != nil:
		return p.Until.Minus(p.From), nil
	}
	files, err := p.Spool.Sizes()
	return files.Minus(p.From), err
}

// At is where in the file an offset of the part is.
func (p Part) At(f File, offset int64) int64 { return p.From[f] + offset }

// Segments goes through the bytes of the part between two marks in the order
// of time; see Spool.Segments.
func (p Part) Segments(from, to Sizes, fn func(Segment) bool) error {
	if p.None {
		return nil
	}
	return p.Spool.Segments(from.plus(p.From), to.plus(p.From), func(s Segment) bool {
		s.Offset -= p.From[s.File]
		return fn(s)
	})
}

func (s Sizes) plus(t Sizes) Sizes {
	for i := range s {
		s[i] += t[i]
	}
	return s
}
