package capture

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// headroom is what the ring leaves free in front of each packet, in bytes, beyond
// what the kernel leaves anyway: room for a VLAN tag and a cooked header.
const headroom = vlanTagLen + sll2Len

// A ring is the memory that the kernel fills with packets (packet_mmap in the
// kernel's documentation, linux/if_packet.h). It is cut into blocks; a block
// belongs to the kernel or to us, as its status word says.
type ring struct {
	mem    []byte
	blocks []Block

	mu     sync.Mutex
	held   int  // blocks in a reader's hands
	closed bool // the kernel has left the memory
}

// newRing makes the ring of socket fd and maps it. retire is the block timeout in
// milliseconds.
func newRing(fd int, size int, retire uint32) (*ring, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("ring version 3: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, headroom); err != nil {
		return nil, fmt.Errorf("ring headroom of %d bytes: %w", headroom, err)
	}
	block := blockSize(size)
	n := max(2, (size+block-1)/block)
	err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
		Block_size: uint32(block),
		Block_nr:   uint32(n),
		// Packets of version 3 take what room they need; a frame size has to be
		// named all the same.
		Frame_size:     uint32(block),
		Frame_nr:       uint32(n),
		Retire_blk_tov: retire,
	})
	if err != nil {
		return nil, fmt.Errorf("ring of %d bytes: %w", n*block, err)
	}
	p, err := unix.MmapPtr(fd, 0, nil, uintptr(n*block), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map ring of %d bytes: %w", n*block, err)
	}
	r := &ring{mem: unsafe.Slice((*byte)(p), n*block), blocks: make([]Block, n)}
	for i := range r.blocks {
		r.blocks[i].mem = r.mem[i*block : (i+1)*block : (i+1)*block]
	}
	return r, nil
}

// A blockHeader is struct tpacket_block_desc of version 3.
type blockHeader struct {
	version   uint32
	privStart uint32
	status    uint32
	packets   uint32
	first     uint32 // offset of the first packet, in bytes
	length    uint32
	sequence  uint64
	_         [2]unix.TpacketBDTS
}

func (b *Block) header() *blockHeader { return (*blockHeader)(unsafe.Pointer(unsafe.SliceData(b.mem))) }

// ours reports whether the kernel has handed the block over.
func (b *Block) ours() bool { return atomic.LoadUint32(&b.header().status)&unix.TP_STATUS_USER != 0 }

// giveBack returns the block to the kernel, with no packets in it: the kernel
// counts a block's packets in the header while it fills it, and an old number
// there would look like packets.
func (b *Block) giveBack() {
	hdr := b.header()
	atomic.StoreUint32(&hdr.packets, 0)
	atomic.StoreUint32(&hdr.status, unix.TP_STATUS_KERNEL)
}

// mark returns the end of what the kernel has put into the ring: a block's
// sequence number and how many packets are in that block. It means something
// while no packet is under way.
func (r *ring) mark() (sequence uint64, packets uint32) {
	for i := range r.blocks {
		hdr := r.blocks[i].header()
		if s := atomic.LoadUint64(&hdr.sequence); s > sequence {
			sequence, packets = s, atomic.LoadUint32(&hdr.packets)
		}
	}
	return sequence, packets
}

// hold counts a block that goes into a reader's hands.
func (r *ring) hold() {
	r.mu.Lock()
	r.held++
	r.mu.Unlock()
}

// drop counts a block that comes back, and unmaps a closed ring with the last one.
func (r *ring) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held--
	if r.closed && r.held == 0 {
		r.unmap()
	}
}

// close lets go of the kernel's memory. Where a reader still holds blocks, zeroes
// take its place until the last is released: stale bytes are then wrong, but
// they can be read.
func (r *ring) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.held == 0 {
		return r.unmap()
	}
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(unsafe.SliceData(r.mem)), uintptr(len(r.mem)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED|unix.MAP_NORESERVE)
	return err
}

func (r *ring) unmap() error {
	return unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(r.mem)), uintptr(len(r.mem)))
}
