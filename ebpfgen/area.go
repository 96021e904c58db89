package ebpfgen

import "github.com/gofilter/gofilter/ir"

// Sizes of the stack's parts, in bytes. Loads that have no area of their own
// share the first one; a body that does not call keeps the packet's length there.
const (
	maxAreas  = 256 // for areas; the rest is for slots
	loneArea  = 8
	areaAlign = 8
)

// layAreas gives clusters with more than one load a stack area to which a
// guard copies their bytes. A cluster that finds no room keeps area 0: its loads
// are fetched one at a time.
func (b *body) layAreas() {
	for n := range b.clusters {
		c := &b.clusters[n]
		pad := int((c.lo - b.phase(c)) % areaAlign)
		size := (pad + int(c.hi-c.lo) + areaAlign - 1) / areaAlign * areaAlign
		if b.areas+size > maxAreas {
			continue
		}
		b.areas += size
		c.area = -b.areas + pad
	}
}

// phase returns the remainder modulo 4 that most of the cluster's words begin
// at: the verifier wants stack reads aligned.
func (b *body) phase(c *cluster) uint64 {
	var count [4]int
	for _, id := range c.loads {
		if v := b.f.Value(id); v.Size == ir.Word {
			count[b.fl.start(id)%4] += 2
		} else if v.Size == ir.Half {
			count[b.fl.start(id)%4]++
			count[(b.fl.start(id)+2)%4]++
		}
	}
	best := 0
	for i, n := range count {
		if n > count[best] {
			best = i
		}
	}
	return uint64(best)
}
