package ebpfelf

import "github.com/cilium/ebpf/btf"

// contextType is the context that a program is called with.
type contextType struct {
	name    string
	size    uint32 // in bytes
	members []member
}

// member is a field of a context, or several of one type in a row.
type member struct {
	name  string
	kind  memberKind
	count uint32 // of an array; 0: a single one
}

type memberKind uint8

const (
	u32 memberKind = iota
	u64
	u8padded // one byte, three of padding behind it
	pointer  // to a structure of the kernel's, 8 bytes on every machine
)

// pointees are the structures that pointer members point to.
var pointees = map[string]string{"flow_keys": "bpf_flow_keys", "sk": "bpf_sock"}

// skBuff is struct __sk_buff of linux/bpf.h.
func skBuff() *contextType {
	return &contextType{name: "__sk_buff", size: 192, members: []member{
		{name: "len"}, {name: "pkt_type"}, {name: "mark"}, {name: "queue_mapping"}, {name: "protocol"},
		{name: "vlan_present"}, {name: "vlan_tci"}, {name: "vlan_proto"}, {name: "priority"},
		{name: "ingress_ifindex"}, {name: "ifindex"}, {name: "tc_index"}, {name: "cb", count: 5}, {name: "hash"},
		{name: "tc_classid"}, {name: "data"}, {name: "data_end"}, {name: "napi_id"}, {name: "family"},
		{name: "remote_ip4"}, {name: "local_ip4"}, {name: "remote_ip6", count: 4}, {name: "local_ip6", count: 4},
		{name: "remote_port"}, {name: "local_port"}, {name: "data_meta"},
		{name: "flow_keys", kind: pointer}, {name: "tstamp", kind: u64}, {name: "wire_len"}, {name: "gso_segs"},
		{name: "sk", kind: pointer}, {name: "gso_size"}, {name: "tstamp_type", kind: u8padded}, {name: "hwtstamp", kind: u64},
	}}
}

// xdpMD is struct xdp_md of linux/bpf.h.
func xdpMD() *contextType {
	return &contextType{name: "xdp_md", size: 24, members: []member{
		{name: "data"}, {name: "data_end"}, {name: "data_meta"}, {name: "ingress_ifindex"},
		{name: "rx_queue_index"}, {name: "egress_ifindex"},
	}}
}

// basics are the BTF types that members are made of.
type basics struct {
	integer, u32, u64, u8 btf.Type
}

func newBasics() *basics {
	number := func(c, short string, size uint32) btf.Type {
		return &btf.Typedef{Name: short, Type: &btf.Int{Name: c, Size: size, Encoding: btf.Unsigned}}
	}
	return &basics{
		integer: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed},
		u32:     number("unsigned int", "__u32", 4),
		u64:     number("unsigned long long", "__u64", 8),
		u8:      number("unsigned char", "__u8", 1),
	}
}

// function returns the type of a program of that name: int name(struct context *ctx).
func (c *contextType) function(name string) *btf.Func {
	t := newBasics()
	return &btf.Func{
		Name: name, Linkage: btf.GlobalFunc,
		Type: &btf.FuncProto{
			Return: t.integer,
			Params: []btf.FuncParam{{Name: "ctx", Type: &btf.Pointer{Target: c.structure(t)}}},
		},
	}
}

// structure returns the structure as a BTF type.
func (c *contextType) structure(t *basics) *btf.Struct {
	s := &btf.Struct{Name: c.name, Size: c.size}
	at := uint32(0) // bytes
	for _, m := range c.members {
		typ, size, name := t.u32, uint32(4), m.name
		switch m.kind {
		case u64:
			typ, size = t.u64, 8
		case u8padded:
			typ = t.u8
		case pointer:
			// __bpf_md_ptr: an union without a name.
			p := &btf.Pointer{Target: &btf.Fwd{Name: pointees[m.name], Kind: btf.FwdStruct}}
			typ, size, name = &btf.Union{Size: 8, Members: []btf.Member{{Name: m.name, Type: p}}}, 8, ""
		}
		if m.count > 0 {
			typ, size = &btf.Array{Index: t.u32, Type: typ, Nelems: m.count}, size*m.count
		}
		s.Members = append(s.Members, btf.Member{Name: name, Type: typ, Offset: btf.Bits(8 * at)})
		at += size
	}
	return s
}
