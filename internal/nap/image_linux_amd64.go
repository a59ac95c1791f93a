package nap

import (
	"encoding/binary"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where things are in the image, which is mapped at base as it is: headers,
// parameters, code, then texts and the table of files. One page is enough for
// some dozens of files.
const (
	base         = 0x400000
	parametersAt = int(unsafe.Sizeof(header{}) + 2*unsafe.Sizeof(segment{}))
	codeAt       = (parametersAt + int(unsafe.Sizeof(parameters{})) + 15) &^ 15
)

// parameters are what the code in nap_linux_amd64.s works with. Addresses are
// where things will be mapped.
type parameters struct {
	name     [16]byte  // of the process
	folder   int64     // descriptors
	signals  int64     //
	self     int64     //
	files    uint64    // address of the table of files
	requests uint64    // address of the name of a folder
	limit    [2]int64  // seconds, nanoseconds; negative seconds: none
	mask     uint64    // of signals, for our own program
	ignore   uint64    // the signals that are to be ignored when it begins
	action   [4]uint64 // the struct sigaction that ignores a signal
	path     uint64    // address of the path of our own program
	tries    int64     // how often it is tried to execute it
	pause    [2]int64  // between two tries to execute it
	lost     uint64    // address of what is said when it cannot be executed,
	lostSize int64     // and its length
}

// watched is an entry of the table of files; one without a name ends it.
type watched struct {
	name uint64 // address
	size int64
}

// The tiny program tries for ten minutes to execute ours, should memory be
// short or the file be open for writing, before it gives up.
var tries int64 = 6000 // a variable for tests

const pause = 100 * time.Millisecond

// harmless are the signals that Go's runtime handles from its start on, so
// that none of them ends the process. To begin with, they are ignored: what
// they tell is looked at anyway. (A handler comes to our children as the
// default; SIGCHLD, which is ignored by default, must not be ignored
// expressly, as children that ended would be gone.)
func harmless() (signals uint64) {
	for _, sig := range []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2, unix.SIGPIPE,
		unix.SIGALRM, unix.SIGTERM, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGVTALRM, unix.SIGPROF, unix.SIGIO, unix.SIGPWR} {
		signals |= bit(sig)
	}
	for sig := syscall.Signal(35); sig <= 64; sig++ { // those before are the C library's
		signals |= bit(sig)
	}
	return signals
}

// image is the tiny program as a file.
func (n Nap) image(d descriptors) []byte {
	const lost = "keeper: cannot be executed again\n"
	i := image{file: make([]byte, codeAt)}
	i.file = append(i.file, machineCode()...)
	p := parameters{folder: int64(d.folder), signals: int64(d.signals), self: int64(d.self),
		requests: i.text(n.Requests), limit: timespec(n.Limit), ignore: harmless(), action: [4]uint64{1}, // SIG_IGN
		path: i.text(path(d.self)), tries: tries, pause: timespec(pause), lost: i.text(lost), lostSize: int64(len(lost))}
	copy(p.name[:len(p.name)-1], n.Name)
	setMask(nil, &p.mask)
	p.files = i.table(n.Files)
	copy(i.file[parametersAt:], bytesOf(&p))
	i.addHeaders()
	return i.file
}

type image struct{ file []byte }

// text adds a text that ends in a zero byte, and gives its address.
func (i *image) text(s string) (address uint64) {
	address = base + uint64(len(i.file))
	i.file = append(append(i.file, s...), 0)
	return address
}

func (i *image) table(files []File) (address uint64) {
	entries := make([]watched, len(files)+1)
	for n, f := range files {
		entries[n] = watched{i.text(f.Name), f.Size}
	}
	for len(i.file)%8 != 0 {
		i.file = append(i.file, 0)
	}
	address = base + uint64(len(i.file))
	for _, e := range entries {
		i.file = append(i.file, bytesOf(&e)...)
	}
	return address
}

// addHeaders makes it an ELF file: one segment that is read and executed, and
// a stack that is not. See elf(5).
func (i *image) addHeaders() {
	const executable, amd64, load, stack, x, w, r = 2, 62, 1, 0x6474e551, 1, 2, 4
	size := uint64(len(i.file))
	h := header{ident: [16]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, kind: executable, machine: amd64, version: 1,
		entry: base + uint64(codeAt), segments: uint64(unsafe.Sizeof(header{})),
		size: uint16(unsafe.Sizeof(header{})), segmentSize: uint16(unsafe.Sizeof(segment{})), segmentCount: 2}
	s := [2]segment{
		{kind: load, flags: r | x, address: base, physical: base, fileSize: size, memorySize: size, aligned: 0x1000},
		{kind: stack, flags: r | w, aligned: 16},
	}
	copy(i.file, bytesOf(&h))
	copy(i.file[unsafe.Sizeof(h):], bytesOf(&s))
}

type header struct {
	ident                           [16]byte
	kind, machine                   uint16
	version                         uint32
	entry, segments, _              uint64 // the last: sections, of which there are none
	_                               uint32 // flags
	size, segmentSize, segmentCount uint16
	_                               [3]uint16 // of sections
}

type segment struct {
	kind, flags                   uint32
	_                             uint64 // offset in the file
	address, physical             uint64
	fileSize, memorySize, aligned uint64
}

func bytesOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// machineCode is the code of the tiny program, up to the mark at its end.
func machineCode() []byte {
	const mark = 0x0b0f0b0f0b0f0b0f // four times ud2
	start, size := code(), 0
	for binary.LittleEndian.Uint64(unsafe.Slice((*byte)(unsafe.Add(start, size)), 8)) != mark {
		size++
	}
	return unsafe.Slice((*byte)(start), size)
}

// code is where the tiny program's code is in ours. It runs at any address,
// but it never runs here.
func code() (start unsafe.Pointer)
