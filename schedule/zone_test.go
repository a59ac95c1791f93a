package schedule

import (
	"encoding/binary"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// change is a moment at which the clocks of a zone are set.
type change struct {
	at     time.Time
	offset time.Duration // from then on
}

// zone makes a time zone, in the format of RFC 8536, version 1.
func zone(t rapid.TB, before time.Duration, changes ...change) *time.Location {
	t.Helper()
	var times, kinds []byte
	offsets := binary.BigEndian.AppendUint32(nil, uint32(before/time.Second))
	offsets = append(offsets, 0, 0)
	for i, c := range changes {
		times = binary.BigEndian.AppendUint32(times, uint32(c.at.Unix()))
		kinds = append(kinds, byte(i+1))
		offsets = binary.BigEndian.AppendUint32(offsets, uint32(c.offset/time.Second))
		offsets = append(offsets, 0, 0)
	}
	data := append([]byte("TZif"), make([]byte, 16)...)
	for _, n := range []int{0, 0, 0, len(changes), len(changes) + 1, 2} {
		data = binary.BigEndian.AppendUint32(data, uint32(n))
	}
	for _, part := range [][]byte{times, kinds, offsets, {'Z', 0}} {
		data = append(data, part...)
	}
	l, err := time.LoadLocationFromTZData("made/up", data)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	parsed, err := time.Parse("2006-01-02 15:04 -0700", text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// berlin is a zone of one year: summer time from 31 March to 27 October 2024.
func berlin(t testing.TB) *time.Location {
	return zone(t, time.Hour,
		change{at(t, "2024-03-31 02:00 +0100"), 2 * time.Hour},
		change{at(t, "2024-10-27 03:00 +0200"), time.Hour})
}
