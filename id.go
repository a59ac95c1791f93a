package job

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// ID is a job's number in its repository: from 1, growing by one a job, never
// used twice, not even after the job was removed.
type ID uint64

// Ref names a job (Child 0) or one of its children, which are numbered from 1.
type Ref struct {
	ID    ID
	Child int
}

// ParseRef reads "7" or "7.2". ok is false for anything else.
func ParseRef(text string) (r Ref, ok bool) {
	number, child, dotted := strings.Cut(text, ".")
	id, ok := parseNumber(number)
	if !ok || !dotted {
		return Ref{ID: ID(id)}, ok
	}
	n, ok := parseNumber(child)
	return Ref{ID: ID(id), Child: int(n)}, ok && n > 0 && n <= 1<<31
}

func parseNumber(text string) (uint64, bool) {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 63)
	return n, err == nil
}

// String is "7" for a job and "7.2" for a child.
func (r Ref) String() string {
	if r.Child == 0 {
		return strconv.FormatUint(uint64(r.ID), 10)
	}
	return strconv.FormatUint(uint64(r.ID), 10) + "." + strconv.Itoa(r.Child)
}

// InstanceID names a job for ever and everywhere: a UUID of version 7
// (RFC 9562). A child's is derived from its job's and has version 8.
type InstanceID [16]byte

// NewInstanceID makes an instance id for a job that is made at time now.
// It is unique, not secret.
func NewInstanceID(now time.Time) InstanceID {
	var u InstanceID
	binary.BigEndian.PutUint64(u[:8], uint64(now.UnixMilli())<<16|rand.Uint64()&0x0fff)
	binary.BigEndian.PutUint64(u[8:], rand.Uint64())
	return u.stamped(7)
}

// Child is the instance id of the job's child n.
func (u InstanceID) Child(n int) InstanceID {
	// The last 8 bytes take in the number by a multiplication with an odd
	// number, which maps no two numbers to the same value.
	tail := binary.BigEndian.Uint64(u[8:]) ^ uint64(n)*0x9e3779b97f4a7c15
	binary.BigEndian.PutUint64(u[8:], tail)
	return u.stamped(8)
}

func (u InstanceID) stamped(version byte) InstanceID {
	u[6] = u[6]&0x0f | version<<4
	u[8] = u[8]&0x3f | 0x80
	return u
}

// String is the usual text of 36 characters in lower case.
func (u InstanceID) String() string {
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:36], u[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}

// ParseInstanceID reads the text that String writes, in either case.
func ParseInstanceID(text string) (InstanceID, error) {
	var u InstanceID
	bare := strings.ReplaceAll(text, "-", "")
	if len(text) != 36 || len(bare) != 32 {
		return u, &Error{Kind: Invalid, Err: fmt.Errorf("%q is no instance id", text)}
	}
	if _, err := hex.Decode(u[:], []byte(bare)); err != nil || !strings.EqualFold(u.String(), text) {
		return u, &Error{Kind: Invalid, Err: fmt.Errorf("%q is no instance id", text)}
	}
	return u, nil
}
