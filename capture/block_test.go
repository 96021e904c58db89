//go:build linux

package capture

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// handMade returns a block as the kernel would leave it, with n packets of size
// bytes in it, the first of them at 80, and a handle that reads it.
func handMade(f framing, n, size int) *Block {
	h := &Handle{device: device{name: "test0"}, framing: f, snaplen: DefaultSnaplen}
	h.change.Store(&change{})
	const mac = 96
	step := (mac + size + 7) &^ 7
	words := make([]uint64, (80+n*step+7)/8) // aligned as the ring is
	b := &Block{h: h, mem: unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)}
	*b.header() = blockHeader{version: 2, status: unix.TP_STATUS_USER, packets: uint32(n), first: 80, sequence: 7}
	for i := range n {
		frame := b.mem[80+i*step:]
		hdr := (*unix.Tpacket3Hdr)(unsafe.Pointer(&frame[0]))
		*hdr = unix.Tpacket3Hdr{
			Next_offset: uint32(step), Sec: uint32(1000 + i), Nsec: 5, Snaplen: uint32(size), Len: uint32(size),
			Status: unix.TP_STATUS_USER, Mac: mac, Net: mac + 14,
		}
		if i == n-1 {
			hdr.Next_offset = 0
		}
		binary.BigEndian.PutUint16(frame[addrOffset+2:], 0x0800)
		frame[mac] = byte(i)
	}
	b.begin(h)
	return b
}

func TestBlock(t *testing.T) {
	b := handMade(framingEthernet, 5, 64)
	var p Packet
	for i := range 5 {
		if !b.Next(&p) || p.Data[0] != byte(i) || len(p.Data) != 64 || p.Time != int64(1000+i)*1e9+5 || p.Protocol != 0x0800 {
			t.Fatalf("packet %d: %+v", i, p)
		}
		if cap(p.Data) != len(p.Data) {
			t.Fatal("an append to the data would overwrite the next packet")
		}
	}
	if b.Next(&p) || b.h.failure.Load() != nil {
		t.Error("no end after the last packet")
	}
}

// TestChange skips what is from before a change of filter, wherever in the block
// the reader is.
func TestChange(t *testing.T) {
	for _, c := range []struct {
		read     int // packets read before the change
		sequence uint64
		packets  uint32
		want     int // packets read after it
	}{
		{0, 6, 5, 5},
		{2, 6, 5, 3},
		{0, 7, 0, 5},
		{0, 7, 3, 2},
		{2, 7, 3, 2},
		{4, 7, 3, 1},
		{0, 7, 9, 0},
		{0, 8, 0, 0},
		{3, 8, 1, 0},
	} {
		b := handMade(framingPlain, 5, 64)
		var p Packet
		for range c.read {
			b.Next(&p)
		}
		b.h.change.Store(&change{sequence: c.sequence, packets: c.packets})
		got := 0
		for b.Next(&p) {
			got++
		}
		if got != c.want || int(b.delivered) != c.read+got || int(b.discarded) != 5-c.read-got {
			t.Errorf("%+v: %d packets, %d delivered, %d discarded", c, got, b.delivered, b.discarded)
		}
		if got > 0 && p.Data[0] != 4 {
			t.Errorf("%+v: the last packet is %d", c, p.Data[0])
		}
	}
}

// TestCorrupt gives the reader blocks that no kernel writes.
func TestCorrupt(t *testing.T) {
	first := func(b *Block) *unix.Tpacket3Hdr { return (*unix.Tpacket3Hdr)(unsafe.Pointer(&b.mem[80])) }
	for _, c := range []struct {
		name  string
		spoil func(*Block)
	}{
		{"start beyond the block", func(b *Block) { b.off = len(b.mem) }},
		{"start unaligned", func(b *Block) { b.off = 81 }},
		{"packet beyond the block", func(b *Block) { first(b).Snaplen = 1 << 20 }},
		{"length that wraps", func(b *Block) { first(b).Snaplen = 1<<32 - 1 }},
		{"data inside the header", func(b *Block) { first(b).Mac = 20 }},
		{"next beyond the block", func(b *Block) { first(b).Next_offset = 1 << 30 }},
	} {
		b := handMade(framingEthernet, 3, 64)
		c.spoil(b)
		var p Packet
		n := 0
		for b.Next(&p) && n < 100 {
			n++
		}
		err := b.h.failure.Load()
		if n > 1 || err == nil || !strings.Contains((*err).Error(), "test0: corrupt ring: block 7") {
			t.Errorf("%s: %d packets, %v", c.name, n, err)
		}
	}
}

func TestFixCAN(t *testing.T) {
	native := func(id uint32, rest ...byte) []byte {
		return append(binary.NativeEndian.AppendUint32(nil, id), rest...)
	}
	big := func(id uint32, rest ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, id), rest...)
	}
	xl := native(0x123, 0, 1)
	xl = binary.NativeEndian.AppendUint16(xl, 0x0203)
	xl = binary.NativeEndian.AppendUint32(xl, 0x04050607)
	for _, c := range []struct {
		name     string
		protocol uint16
		in, want []byte
	}{
		{"CC", protoCAN, native(0x80000123, 0x88, 0x04, 0, 0, 1), big(0x80000123, 0x08, 0, 0, 0, 1)},
		{"FD", protoCANFD, native(0x123, 0x88, 0x01, 0, 0, 1), big(0x123, 0x08, 0x05, 0, 0, 1)},
		{"XL", protoCANXL, xl, big(0x123, 0x80, 1, 3, 2, 7, 6, 5, 4)},
		{"cut", protoCAN, native(0x123, 8), native(0x123, 8)},
	} {
		got := append([]byte(nil), c.in...)
		fixCAN(got, c.protocol)
		if !bytes.Equal(got, c.want) {
			t.Errorf("%s: %x, want %x", c.name, got, c.want)
		}
	}
}

// BenchmarkNext reads 64-byte packets from one block over and over.
func BenchmarkNext(b *testing.B) {
	for _, f := range []struct {
		name string
		framing
	}{{"ethernet", framingEthernet}, {"sll2", framingSLL2}} {
		b.Run(f.name, func(b *testing.B) {
			blk := handMade(f.framing, 1600, 64)
			var p Packet
			b.ReportAllocs()
			for range b.N {
				if !blk.Next(&p) {
					blk.begin(blk.h)
				}
			}
		})
	}
}
