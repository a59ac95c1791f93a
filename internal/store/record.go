package store

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/backjob/job"
)

// RecordSize is the size of the header and of each record of the index, in
// bytes. The record of job N starts at byte N*RecordSize.
const RecordSize = 128

const (
	formatVersion = 1
	shortName     = 50 // bytes of a name that fit into a record
)

// Flags are facts about a record.
type Flags uint16

// The flags; the numbers are on disk.
const (
	Preparing Flags = 1 << 0 // its job start is not through; it is no job yet
	Removed   Flags = 1 << 1 // it was a job
	hasExit   Flags = 1 << 2
	LongName  Flags = 1 << 3 // the name does not fit; it stands in the journal
	Many      Flags = 1 << 4 // its children share files, and there may be any number of them; see the journal
)

// Record is what the index says about a job.
type Record struct {
	ID       job.ID
	State    job.State
	Flags    Flags
	Instance job.InstanceID
	Created  time.Time
	Begin    time.Time // zero while unset
	End      time.Time // zero while unset
	PID      int       // of the first child's program; 0 if none
	Start    uint64    // start time of PID, in clock ticks since boot
	Exit     *int      // exit status; nil while unset
	Signal   int       // number of the signal that ended it; 0 if none
	Children int
	Name     string // the first bytes of it if Flags has LongName; "" means the default name
}

// Live reports whether the record stands for a job.
func (r Record) Live() bool { return r.Flags&(Preparing|Removed) == 0 }

// DisplayName is the name, or the default name of a job that has none.
func (r Record) DisplayName() string {
	if r.Name == "" {
		return defaultName(r.ID)
	}
	return r.Name
}

func defaultName(id job.ID) string { return "Job" + job.Ref{ID: id}.String() }

func (r Record) encode() [RecordSize]byte {
	var b [RecordSize]byte
	flags := r.Flags &^ hasExit // LongName stays: of a record that was read the name is cut already
	if r.Exit != nil {
		flags |= hasExit
		binary.LittleEndian.PutUint32(b[60:], uint32(int32(*r.Exit)))
	}
	if len(r.Name) > shortName {
		flags |= LongName
	}
	b[4], b[5] = formatVersion, byte(r.State)
	binary.LittleEndian.PutUint16(b[6:], uint16(flags))
	binary.LittleEndian.PutUint64(b[8:], uint64(r.ID))
	copy(b[16:32], r.Instance[:])
	putTime(b[32:], r.Created)
	putTime(b[40:], r.Begin)
	putTime(b[48:], r.End)
	binary.LittleEndian.PutUint32(b[56:], uint32(r.PID))
	binary.LittleEndian.PutUint64(b[64:], r.Start)
	binary.LittleEndian.PutUint32(b[72:], uint32(r.Children))
	b[76] = byte(r.Signal)
	b[77] = byte(copy(b[78:], r.Name))
	binary.LittleEndian.PutUint32(b[0:], crc32.ChecksumIEEE(b[4:]))
	return b
}

// decodeRecord reads the record of job id. ok is false when these are not the
// bytes that were written for it.
func decodeRecord(b []byte, id job.ID) (r Record, ok bool) {
	if !sound(b, id) {
		return r, false
	}
	r = Record{
		ID: id, State: job.State(b[5]), Flags: Flags(binary.LittleEndian.Uint16(b[6:])),
		Created: getTime(b[32:]), Begin: getTime(b[40:]), End: getTime(b[48:]),
		PID:   int(binary.LittleEndian.Uint32(b[56:])),
		Start: binary.LittleEndian.Uint64(b[64:]), Children: int(binary.LittleEndian.Uint32(b[72:])),
		Signal: int(b[76]), Name: string(b[78 : 78+b[77]]),
	}
	copy(r.Instance[:], b[16:32])
	if r.Flags&hasExit != 0 {
		exit := int(int32(binary.LittleEndian.Uint32(b[60:])))
		r.Exit = &exit
	}
	return r, true
}

func sound(b []byte, id job.ID) bool {
	return binary.LittleEndian.Uint32(b) == crc32.ChecksumIEEE(b[4:RecordSize]) &&
		binary.LittleEndian.Uint64(b[8:]) == uint64(id) &&
		b[4] == formatVersion && int(b[77]) <= shortName
}

func putTime(b []byte, t time.Time) {
	if !t.IsZero() {
		binary.LittleEndian.PutUint64(b, uint64(t.UnixNano()))
	}
}

func getTime(b []byte) time.Time {
	ns := int64(binary.LittleEndian.Uint64(b))
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// header is the first record of the index.
type header struct {
	count      uint64 // records after the header
	generation uint64 // changes whenever the index is built anew
}

const indexMagic = "jobindex"

func (h header) encode() [RecordSize]byte {
	var b [RecordSize]byte
	b[4] = formatVersion
	copy(b[8:], indexMagic)
	binary.LittleEndian.PutUint64(b[16:], h.count)
	binary.LittleEndian.PutUint64(b[24:], h.generation)
	binary.LittleEndian.PutUint32(b[0:], crc32.ChecksumIEEE(b[4:]))
	return b
}

func decodeHeader(b []byte) (h header, ok bool) {
	if len(b) != RecordSize {
		return h, false
	}
	ok = string(b[8:16]) == indexMagic && b[4] == formatVersion &&
		binary.LittleEndian.Uint32(b) == crc32.ChecksumIEEE(b[4:])
	return header{binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])}, ok
}
