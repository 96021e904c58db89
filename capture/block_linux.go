package capture

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Block is a run of packets in the ring. It is in the hands of whoever got it
// from [Handle.NextBlock], one goroutine at a time, until Release.
type Block struct {
	h   *Handle
	mem []byte

	held atomic.Bool
	// open: the block is still the kernel's, which will put nothing more into it.
	open     bool
	sequence uint64
	total    uint32 // packets in it
	left     uint32 // of them, not yet looked at
	off      int    // of the next packet, in bytes
	change   *change
	fetched  byte // of what is looked at in advance

	delivered, filtered, discarded uint64
}

// Layout of a packet in the ring: struct tpacket3_hdr, struct sockaddr_ll, room,
// the bytes.
const (
	addrOffset = unix.SizeofTpacket3Hdr
	headersLen = addrOffset + unix.SizeofSockaddrLinklayer
)

// aheadPackets is how many packets in advance the head of a packet is looked at, where it
// is if the packets between are as long as this one: it comes from another processor's
// cache, and takes longer to come than a packet to be read. Packets that take fewer bytes
// of the ring than aheadFrom stand so close that the processor looks ahead by itself.
const (
	aheadPackets = 4
	aheadFrom    = 512
)

// begin makes the block ready to be read, when it goes to a reader.
func (b *Block) begin(h *Handle) {
	hdr := b.header()
	b.h = h
	b.sequence = hdr.sequence
	b.total = atomic.LoadUint32(&hdr.packets)
	b.left = b.total
	b.off = int(hdr.first)
	b.change = nil
	b.delivered, b.filtered, b.discarded = 0, 0, 0
}

// Len returns the number of packets that the kernel put into the block. Next may
// return fewer: see [Stats].
func (b *Block) Len() int { return int(b.total) }

// Release gives the block back. Its packets must not be used any more.
func (b *Block) Release() {
	if !b.held.Load() {
		return
	}
	h := b.h
	h.delivered.Add(b.delivered)
	h.filtered.Add(b.filtered)
	h.discarded.Add(b.discarded + uint64(b.left))
	b.left = 0
	if !b.open {
		b.giveBack()
	}
	b.held.Store(false)
	h.ring.drop()
	if h.awaited.CompareAndSwap(b, nil) || h.starved.Swap(false) {
		h.wake()
	}
}

// Next puts the next packet of the block into p and reports whether there was
// one.
func (b *Block) Next(p *Packet) bool {
	h := b.h
	for b.left > 0 {
		c := h.change.Load()
		if c != b.change {
			b.adopt(c)
			continue
		}
		b.left--
		if !b.read(p) {
			return false
		}
		if h.skips(p) || c.accept != nil && !c.accept(p) {
			b.filtered++
			continue
		}
		if n := h.snaplen; len(p.Data) > n {
			p.Data = p.Data[:n:n]
		}
		b.delivered++
		return true
	}
	return false
}

// adopt brings a change of filter into force: what is from before it is skipped.
func (b *Block) adopt(c *change) {
	b.change = c
	seen := b.total - b.left
	n := uint32(0) // packets to skip
	switch {
	case b.sequence < c.sequence:
		n = b.left
	case b.sequence == c.sequence && c.packets > seen:
		n = min(c.packets-seen, b.left)
	}
	for ; n > 0; n-- {
		hdr, _ := b.frame()
		if hdr == nil {
			return
		}
		b.off += int(hdr.Next_offset)
		b.left--
		b.discarded++
	}
}

// frame returns the header of the next packet and its frame, from the header to
// the end of the block. It is nil, and the handle has failed, where there can be
// no packet.
func (b *Block) frame() (*unix.Tpacket3Hdr, []byte) {
	if b.off < 0 || b.off > len(b.mem)-headersLen || b.off%8 != 0 {
		b.corrupt("packet at offset %d", b.off)
		return nil, nil
	}
	frame := b.mem[b.off:]
	return (*unix.Tpacket3Hdr)(unsafe.Pointer(unsafe.SliceData(frame))), frame
}

// corrupt records that the ring holds something that the kernel does not write.
func (b *Block) corrupt(format string, args ...any) {
	b.h.fail(&InterfaceError{b.h.device.name, fmt.Errorf("corrupt ring: block %d: %s", b.sequence, fmt.Sprintf(format, args...))})
	b.left = 0
}

// read takes the next packet apart. Its data are all that the kernel delivered.
func (b *Block) read(p *Packet) bool {
	hdr, frame := b.frame()
	if hdr == nil {
		return false
	}
	start, end := int(hdr.Mac), int(hdr.Mac)+int(hdr.Snaplen)
	if start < headersLen || end < start || end > len(frame) {
		b.corrupt("packet at offset %d with bytes %d to %d", b.off, start, end)
		return false
	}
	stride := int(hdr.Next_offset)
	b.off += stride
	if stride >= aheadFrom {
		if ahead := b.off + (aheadPackets-1)*stride; uint(ahead) < uint(len(b.mem)-addrOffset) {
			b.fetched += b.mem[ahead] + b.mem[ahead+addrOffset]
		}
	}

	addr := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&frame[addrOffset]))
	p.Length = int(hdr.Len)
	p.Time = int64(hdr.Sec)*1e9 + int64(hdr.Nsec)
	p.Interface = int(addr.Ifindex)
	p.Type = PacketType(addr.Pkttype)
	p.ARPHRD = addr.Hatype
	p.Protocol = binary.BigEndian.Uint16(frame[addrOffset+2:])
	p.Status = hdr.Status
	p.Tagged = hdr.Status&unix.TP_STATUS_VLAN_VALID != 0
	p.TCI, p.TPID = 0, 0
	if p.Tagged {
		p.TCI = uint16(hdr.Hv1.Vlan_tci)
		p.TPID = tpidCustomer
		if hdr.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			p.TPID = hdr.Hv1.Vlan_tpid
		}
	}

	h := b.h
	switch h.framing {
	case framingSLL2, framingSLL:
		n := h.framing.cook(frame[:start], p, addr)
		start -= n
		p.Length += n
	case framingEthernet:
		if p.Tagged {
			p.Length += vlanTagLen
			if end-start >= etherTypeOffset {
				start -= vlanTagLen
				insertTag(frame[start:], p)
			}
		}
	case framingCAN:
		fixCAN(frame[start:end], p.Protocol)
	case framingPlain:
	}
	p.Data = frame[start:end:end]
	return true
}
