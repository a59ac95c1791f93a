package store

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/backjob/job"
	"pgregory.net/rapid"
)

var recordGen = rapid.Custom(func(t *rapid.T) Record {
	r := Record{
		ID:      job.ID(rapid.Uint64Min(1).Draw(t, "id")),
		State:   rapid.SampledFrom(job.States()).Draw(t, "state"),
		Flags:   rapid.SampledFrom([]Flags{0, Preparing, Removed}).Draw(t, "flags"),
		Created: timeGen.Draw(t, "created"), Begin: timeGen.Draw(t, "begin"), End: timeGen.Draw(t, "end"),
		PID: rapid.IntRange(0, 1<<22).Draw(t, "pid"), Start: rapid.Uint64().Draw(t, "start"),
		Signal: rapid.IntRange(0, 64).Draw(t, "signal"), Children: rapid.IntRange(1, 1<<31).Draw(t, "children"),
		Name: rapid.OneOf(bytesGen(50), rapid.StringN(26, 127, 255)).Draw(t, "name"),
	}
	copy(r.Instance[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "instance"))
	if rapid.Bool().Draw(t, "has an exit status") {
		exit := int(rapid.Int32().Draw(t, "exit"))
		r.Exit = &exit
	}
	return r
})

// onDisk is what of a record comes back from the disk.
func onDisk(r Record) Record {
	if r.Exit != nil {
		r.Flags |= hasExit
	}
	if len(r.Name) > shortName {
		r.Flags |= LongName
		r.Name = r.Name[:shortName]
	}
	return r
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := recordGen.Draw(t, "record")
		b := r.encode()
		got, ok := decodeRecord(b[:], r.ID)
		if want := onDisk(r); !ok || !reflect.DeepEqual(got, want) {
			t.Fatalf("decode of encode: got %+v, %v, want %+v", got, ok, want)
		}
		if again := got.encode(); again != b {
			t.Fatalf("a record that was read and is written again: got %x, want %x", again, b)
		}
		if _, ok := decodeRecord(b[:], r.ID+1); ok {
			t.Fatalf("the record of job %d was taken for that of job %d", r.ID, r.ID+1)
		}
	})
}

func TestRecordNames(t *testing.T) {
	for n := range 256 {
		name := strings.Repeat("n", n)
		b := Record{ID: 7, Name: name}.encode()
		got, ok := decodeRecord(b[:], 7)
		long := n > shortName
		if !ok || got.Name != name[:min(n, shortName)] || (got.Flags&LongName != 0) != long {
			t.Errorf("a name of %d bytes: got %q, flags %b, %v, want its first 50 and LongName %v", n, got.Name, got.Flags, ok, long)
		}
		want := name[:min(n, shortName)]
		if n == 0 {
			want = "Job7"
		}
		if got.DisplayName() != want {
			t.Errorf("DisplayName of a name of %d bytes: got %q, want %q", n, got.DisplayName(), want)
		}
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	exit := -3
	r := Record{ID: 1<<40 + 7, State: job.Failed, Created: time.Unix(1, 2), Begin: time.Unix(3, 4), End: time.Unix(5, 6),
		PID: 77, Start: 88, Exit: &exit, Children: 3, Name: "flip"}
	record, head := r.encode(), header{count: 5, generation: 6}.encode()
	for bit := range RecordSize * 8 {
		flipped := record
		flipped[bit/8] ^= 1 << (bit % 8)
		if got, ok := decodeRecord(flipped[:], r.ID); ok {
			t.Errorf("record with bit %d flipped: got %+v, want it refused", bit, got)
		}
		flipped = head
		flipped[bit/8] ^= 1 << (bit % 8)
		if got, ok := decodeHeader(flipped[:]); ok {
			t.Errorf("header with bit %d flipped: got %+v, want it refused", bit, got)
		}
	}
}

func TestHeaderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := header{rapid.Uint64().Draw(t, "count"), rapid.Uint64().Draw(t, "generation")}
		b := h.encode()
		if got, ok := decodeHeader(b[:]); !ok || got != h {
			t.Fatalf("decode of encode: got %+v, %v, want %+v", got, ok, h)
		}
		if _, ok := decodeRecord(b[:], 0); ok {
			t.Fatalf("the header %+v was taken for a record", h)
		}
	})
}

func TestLive(t *testing.T) {
	for _, c := range []struct {
		flags Flags
		want  bool
	}{{0, true}, {hasExit | LongName, true}, {Preparing, false}, {Removed, false}, {Removed | LongName, false}} {
		if got := (Record{Flags: c.flags}).Live(); got != c.want {
			t.Errorf("flags %b: Live: got %v, want %v", c.flags, got, c.want)
		}
	}
}

func FuzzDecodeRecord(f *testing.F) {
	exit := 7
	good := Record{ID: 7, State: job.Completed, Exit: &exit, Name: "seed"}.encode()
	f.Add(good[:], uint64(7))
	f.Add(good[:40], uint64(7))
	f.Add(make([]byte, RecordSize), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, id uint64) {
		full := make([]byte, RecordSize)
		copy(full, b)
		decodeHeader(full)
		r, ok := decodeRecord(full, job.ID(id))
		if !ok {
			return
		}
		again := r.encode()
		if back, ok := decodeRecord(again[:], job.ID(id)); !ok || !reflect.DeepEqual(back, r) {
			t.Errorf("record %x: read as %+v, written and read again as %+v, %v", full, r, back, ok)
		}
	})
}
