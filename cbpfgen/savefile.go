package cbpfgen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"
	"unicode/utf8"

	"golang.org/x/net/bpf"
)

// A Savefile is a program together with what it was compiled for, as libpcap's format
// for files of classic BPF has it: cbpf-savefile(5), draft revision 8, version 1.1.
type Savefile struct {
	Program  []bpf.RawInstruction // 1 to 65,535 instructions
	LinkType uint16               // DLT_ number
	Snaplen  uint32               // in bytes
	Dialect  Dialect

	// What follows is for people. A zero value is not written.

	LinkTypeName string       // ASCII, as the link type was asked for
	Filter       string       // ASCII, the expression
	Optimization Optimization // what was asked for
	Netmask      netip.Addr   // IPv4
	Comment      string       // UTF-8
	Compiled     time.Time    // to the second, from 1970 on
}

// A Dialect is the set of instructions that a machine has beyond those that all have.
type Dialect uint16

// The instructions, by their bits in the file.
const (
	HasMOD  Dialect = 1 << iota // BPF_MOD
	HasXOR                      // BPF_XOR
	HasCOP                      // BPF_COP of NetBSD
	HasCOPX                     // BPF_COPX of NetBSD
	HasRND                      // BPF_RND of OpenBSD

	known11 = HasRND<<1 - 1 // the bits of version 1.1
)

// LinuxDialect is the dialect of Linux, and of libpcap's own interpreter.
const LinuxDialect = HasMOD | HasXOR

// An Optimization says whether a program was to be optimized.
type Optimization uint8

// The values. Unsaid is the zero value.
const (
	Unsaid Optimization = iota
	Plain
	Optimized
)

// What a savefile begins with.
const (
	savefileMagic = "\xa1\xb2\xc3\xcbcBPF"
	savefileMajor = 1
	savefileMinor = 1
	headerSize    = 20 // bytes
	insnSize      = 8  // bytes
	tlvHeaderSize = 4  // bytes: type, length
)

// tlvEOF is the type of what says that nothing was cut off.
const tlvEOF = 0

// A tlv is a row for a type of what may follow the instructions.
type tlv struct {
	typ    uint16
	name   string
	length int // of the value, in bytes; 0: any
	get    func(*Savefile) []byte
	set    func(*Savefile, []byte) error
}

// tlvs are all types but tlvEOF, in the order in which they are written.
var tlvs = []tlv{
	{1, "link type name", 0, func(s *Savefile) []byte { return []byte(s.LinkTypeName) }, func(s *Savefile, v []byte) error {
		s.LinkTypeName = string(v)
		return inASCII(v)
	}},
	{2, "filter", 0, func(s *Savefile) []byte { return []byte(s.Filter) }, func(s *Savefile, v []byte) error {
		s.Filter = string(v)
		return inASCII(v)
	}},
	{3, "optimization", 1, func(s *Savefile) []byte {
		if s.Optimization == Unsaid {
			return nil
		}
		return []byte{byte(s.Optimization - Plain)}
	}, func(s *Savefile, v []byte) error {
		if v[0] > 1 {
			return fmt.Errorf("%d is neither 0 nor 1", v[0])
		}
		s.Optimization = Plain + Optimization(v[0])
		return nil
	}},
	{4, "netmask", 4, func(s *Savefile) []byte { return s.Netmask.AsSlice() }, func(s *Savefile, v []byte) error {
		s.Netmask = netip.AddrFrom4([4]byte(v))
		return nil
	}},
	{5, "comment", 0, func(s *Savefile) []byte { return []byte(s.Comment) }, func(s *Savefile, v []byte) error {
		s.Comment = string(v)
		if !utf8.Valid(v) {
			return errors.New("it is not UTF-8")
		}
		return nil
	}},
	{6, "time stamp", 8, func(s *Savefile) []byte {
		if s.Compiled.IsZero() {
			return nil
		}
		return binary.BigEndian.AppendUint64(nil, uint64(s.Compiled.Unix()))
	}, func(s *Savefile, v []byte) error {
		n := binary.BigEndian.Uint64(v)
		if n > math.MaxInt64 {
			return fmt.Errorf("%d seconds are no time", n)
		}
		s.Compiled = time.Unix(int64(n), 0).UTC()
		return nil
	}},
}

func inASCII(v []byte) error {
	for i, c := range v {
		if c >= utf8.RuneSelf {
			return fmt.Errorf("byte %d of it, 0x%x, is not ASCII", i, c)
		}
	}
	return nil
}

// IsSavefile reports whether data begin as a [Savefile] does.
func IsSavefile(data []byte) bool { return bytes.HasPrefix(data, []byte(savefileMagic)) }

// FormatSavefile returns the bytes of a savefile. The error says what the format cannot hold:
// a program of no or more than 65,535 instructions or with instructions that the dialect does not
// have; a text that is longer than 65,535 bytes or has characters that do not belong there.
func FormatSavefile(s *Savefile) ([]byte, error) {
	if n := len(s.Program); n == 0 || n > math.MaxUint16 {
		return nil, fmt.Errorf("savefile: %d instructions, the format has 1 to %d", n, math.MaxUint16)
	}
	switch {
	case s.Dialect&^known11 != 0:
		return nil, fmt.Errorf("savefile: dialect 0x%x has bits without a meaning", uint16(s.Dialect))
	case s.Optimization > Optimized:
		return nil, fmt.Errorf("savefile: optimization %d does not exist", s.Optimization)
	case s.Netmask.IsValid() && !s.Netmask.Is4():
		return nil, fmt.Errorf("savefile: netmask %v is not IPv4", s.Netmask)
	case !s.Compiled.IsZero() && s.Compiled.Unix() < 0:
		return nil, fmt.Errorf("savefile: time stamp %v is before 1970", s.Compiled)
	}
	if err := s.Dialect.check(s.Program); err != nil {
		return nil, fmt.Errorf("savefile: %w", err)
	}
	be := binary.BigEndian
	b := append([]byte(savefileMagic), savefileMajor, savefileMinor)
	b = be.AppendUint16(b, uint16(s.Dialect))
	b = be.AppendUint32(b, s.Snaplen)
	b = be.AppendUint16(b, s.LinkType)
	b = be.AppendUint16(b, uint16(len(s.Program)))
	for _, i := range s.Program {
		b = appendInsn(b, i)
	}
	for _, row := range tlvs {
		v := row.get(s)
		if len(v) == 0 {
			continue
		}
		if len(v) > math.MaxUint16 {
			return nil, fmt.Errorf("savefile: %s of %d bytes, the format has room for %d", row.name, len(v), math.MaxUint16)
		}
		if err := row.set(new(Savefile), v); err != nil {
			return nil, fmt.Errorf("savefile: %s: %w", row.name, err)
		}
		b = be.AppendUint16(b, row.typ)
		b = be.AppendUint16(b, uint16(len(v)))
		b = append(b, v...)
	}
	return append(b, 0, tlvEOF, 0, 0), nil
}

// appendInsn appends an instruction in network byte order.
func appendInsn(b []byte, i bpf.RawInstruction) []byte {
	b = binary.BigEndian.AppendUint16(b, i.Op)
	b = append(b, i.Jt, i.Jf)
	return binary.BigEndian.AppendUint32(b, i.K)
}

// insnAt reads what appendInsn appends.
func insnAt(b []byte) bpf.RawInstruction {
	return bpf.RawInstruction{Op: binary.BigEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.BigEndian.Uint32(b[4:])}
}

// check reports an instruction that the dialect does not have.
func (d Dialect) check(prog []bpf.RawInstruction) error {
	for pc, i := range prog {
		var name string
		switch {
		case i.Op&^uint16(srcX) == clsALU|aluMOD && d&HasMOD == 0:
			name = "mod"
		case i.Op&^uint16(srcX) == clsALU|aluXOR && d&HasXOR == 0:
			name = "xor"
		default:
			continue
		}
		return fmt.Errorf("instruction %d is %s, which the dialect does not have", pc, name)
	}
	return nil
}

// ParseSavefile reads the bytes of a savefile. It takes all of major version 1; of a minor
// version above 1 it leaves out what is unknown. The program need not be one that [Verify] accepts,
// but for mod and xor, which it has only if the dialect has them.
// The error says which byte is wrong, counted from 0.
func ParseSavefile(data []byte) (*Savefile, error) {
	if !IsSavefile(data) {
		return nil, errors.New("savefile: no savefile of classic BPF begins like this")
	}
	if len(data) > 8 && data[8] != savefileMajor {
		return nil, fmt.Errorf("savefile: version %d, only %d is known", data[8], savefileMajor)
	}
	if len(data) < headerSize {
		return nil, fmt.Errorf("savefile: cut off after %d bytes, in the header", len(data))
	}
	be := binary.BigEndian
	s := &Savefile{Dialect: Dialect(be.Uint16(data[10:])), Snaplen: be.Uint32(data[12:]), LinkType: be.Uint16(data[16:])}
	newer := data[9] > savefileMinor
	if !newer && s.Dialect&^known11 != 0 {
		return nil, fmt.Errorf("savefile: byte 10: flags 0x%x have reserved bits", uint16(s.Dialect))
	}
	s.Dialect &= known11
	n := int(be.Uint16(data[18:]))
	end := headerSize + n*insnSize
	switch {
	case n == 0:
		return nil, errors.New("savefile: byte 18: a program of no instructions")
	case len(data) < end:
		return nil, fmt.Errorf("savefile: cut off after %d bytes, in instruction %d of %d", len(data), (len(data)-headerSize)/insnSize, n)
	}
	for at := headerSize; at < end; at += insnSize {
		s.Program = append(s.Program, insnAt(data[at:]))
	}
	if err := s.Dialect.check(s.Program); err != nil {
		return nil, fmt.Errorf("savefile: %w", err)
	}
	if err := s.parseTLVs(data, end, newer); err != nil {
		return nil, err
	}
	return s, nil
}

// parseTLVs reads what follows the instructions, from byte at on.
func (s *Savefile) parseTLVs(data []byte, at int, newer bool) error {
	seen := make(map[uint16]bool)
	for at < len(data) {
		start := at
		if at += tlvHeaderSize; at > len(data) {
			return fmt.Errorf("savefile: cut off after %d bytes, in the head of a TLV", len(data))
		}
		typ, n := binary.BigEndian.Uint16(data[start:]), int(binary.BigEndian.Uint16(data[start+2:]))
		if at += n; at > len(data) {
			return fmt.Errorf("savefile: cut off after %d bytes, in a TLV of type %d", len(data), typ)
		}
		if seen[typ] {
			return fmt.Errorf("savefile: byte %d: a second TLV of type %d", start, typ)
		}
		seen[typ] = true
		if typ == tlvEOF {
			if n != 0 || at != len(data) {
				return fmt.Errorf("savefile: byte %d: %d bytes behind the mark of the end", start, len(data)-start-tlvHeaderSize)
			}
			return nil
		}
		if err := s.take(typ, data[at-n:at], newer); err != nil {
			return fmt.Errorf("savefile: byte %d: %w", start, err)
		}
	}
	return nil
}

// take stores the value of a TLV.
func (s *Savefile) take(typ uint16, v []byte, newer bool) error {
	for _, row := range tlvs {
		if row.typ != typ {
			continue
		}
		if row.length != 0 && len(v) != row.length {
			return fmt.Errorf("%s of %d bytes, which has %d", row.name, len(v), row.length)
		}
		if err := row.set(s, v); err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
		return nil
	}
	if newer {
		return nil
	}
	return fmt.Errorf("TLV of unknown type %d", typ)
}
